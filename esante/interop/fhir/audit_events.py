"""Lines of the audit log as FHIR R4 AuditEvent, for a hospital's log server."""

from typing import Any

from esante.audit.structs import AuditLine

_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_OUTCOME = {"done": "0", "refused": "4", "failed": "8"}
_VERBS = {
    "accessed": "R",
    "read": "R",
    "listed": "R",
    "created": "C",
    "registered": "C",
    "made": "C",
    "updated": "U",
    "deleted": "D",
}


def audit_event(line: AuditLine, source: str) -> dict[str, Any]:
    """The line as an AuditEvent; `source` names the installation. Ids only, as in the log itself."""
    who = {"identifier": {"system": "urn:esante:account", "value": line.actor}}
    if line.actor_name:
        who["display"] = line.actor_name  # type: ignore[assignment]
    agent: dict[str, Any] = {"who": who, "requestor": True, "role": [{"text": line.role}]}
    if line.address:
        agent["network"] = {"address": line.address, "type": "2"}
    agents = [agent]
    if line.on_behalf_of:
        behalf = {"identifier": {"system": "urn:esante:practitioner", "value": line.on_behalf_of}}
        agents.append({"who": behalf, "requestor": False})
    entities: list[dict[str, Any]] = []
    if line.patient_id:
        entities.append({"what": {"reference": f"Patient/{line.patient_id}"}, "role": _code("role", "1", "Patient")})
    if line.subject and line.subject != line.patient_id:
        entities.append({"what": {"identifier": {"system": "urn:esante:record", "value": line.subject}}})
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(line.seq),
        "type": {"system": _DICOM, "code": "110110", "display": "Patient Record"}
        if line.patient_id
        else {"system": _DICOM, "code": "110100", "display": "Application Activity"},
        "subtype": [{"system": "urn:esante:action", "code": line.action}],
        "action": _VERBS.get(line.action.rsplit(".", 1)[-1], "E"),
        "recorded": line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "outcome": _OUTCOME[line.outcome],
        "agent": agents,
        "source": {"observer": {"display": f"esante {source}"}},
    }
    if line.purpose:
        event["purposeOfEvent"] = [{"text": line.purpose}]
    if line.reason:
        event["outcomeDesc"] = line.reason
    return event | ({"entity": entities} if entities else {})


def _code(kind: str, code: str, display: str) -> dict[str, str]:
    return {"system": f"http://terminology.hl7.org/CodeSystem/object-{kind}", "code": code, "display": display}
