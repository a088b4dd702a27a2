"""What happens to the lists of a chart."""

from typing import Literal

from esante.kernel.structs import Event


class ChartAccessed(Event, tag="chart.accessed"):
    """Somebody looked at a list of a patient; the subject is the patient."""

    access_type: Literal["allergies", "conditions", "immunizations"]
    count: int


class AllergyImported(Event, tag="allergy.imported"):
    """An allergy came from another system."""


class ConditionImported(Event, tag="condition.imported"):
    """A condition came from another system."""


class ImmunizationImported(Event, tag="immunization.imported"):
    """An immunization came from another system."""
