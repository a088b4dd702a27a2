"""What happens when data comes in from other systems."""

from esante.kernel.structs import Event


class ResourceKeptRaw(Event, tag="fhir.kept_raw"):
    """A resource that has no place yet is kept as it came, beside its patient or the clinic."""

    resource_type: str


class FhirImported(Event, tag="fhir.imported"):
    """An import has ended; the subject is the run."""

    read: int
    imported: int
    kept_raw: int
    refused: int
    already_there: int
