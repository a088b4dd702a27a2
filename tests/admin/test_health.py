"""The health view and the jobs that were given up (SPEC AD-12, OP-12)."""

from datetime import timedelta
from typing import Any

import pytest

from esante.kernel import backup_status, metrics
from esante.kernel.actor import house
from esante.kernel.backup_status import BackupStatus
from esante.kernel.structs import new_id


def report(clinic: Any) -> dict[str, Any]:
    answer = clinic.gwen.get("/admin/health", headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(clinic: Any) -> set[str]:
    return {problem["code"] for problem in report(clinic)["problems"]}


def give_up(clinic: Any, name: str = "notifications.send_mail", payload: str = '{"deliveryId":"d"}') -> str:
    """A job that failed for good."""
    id = new_id()
    clinic.tamper(
        "INSERT INTO job (id, name, payload, due_at, tries, failed_at, error, created_at)"
        " VALUES (?1, ?2, ?3, ?4, 6, ?4, 'it did not work', ?4)",
        id, name, payload, "2026-11-16T07:00:00.000Z",
    )  # fmt: skip
    return id


def test_it_works(clinic: Any) -> None:
    found = report(clinic)
    assert found["database"]["bytes"] > 0
    assert found["database"]["readOnly"] is None
    assert found["volumes"][0]["name"] == "data"
    assert 0 < found["volumes"][0]["freePercent"] <= 100
    assert found["jobs"]["failed"] == 0
    assert found["audit"]["seq"] > 0
    assert found["audit"]["lastVerifiedAt"] is None
    assert found["mail"]["configured"] is False
    assert codes(clinic) >= {"BACKUP_MISSING", "MAIL_OFF"}
    assert found["status"] == "warning"


def test_it_knows_how_old_the_proven_backup_is(clinic: Any) -> None:
    at = clinic.clock.now() - timedelta(hours=30)
    backup_status.write(clinic.folder, BackupStatus(last_backup_at=at, last_proven_at=at))
    assert report(clinic)["backup"]["lastProvenAge"] == 30 * 3600
    assert not {"BACKUP_MISSING", "BACKUP_OLD", "BACKUP_FAILED"} & codes(clinic)
    clinic.clock.advance(hours=21)
    clinic.gwen.sign_in()
    assert "BACKUP_OLD" in codes(clinic)
    backup_status.write(clinic.folder, BackupStatus(last_error="the stick is full"))
    assert "the stick is full" in str(report(clinic)["problems"])


def test_it_says_what_the_last_verification_found(clinic: Any) -> None:
    assert clinic.gwen.get("/audit/verify").json()["ok"]
    assert report(clinic)["audit"]["lastVerifiedWhole"] is True
    clinic.tamper("DROP TRIGGER audit_is_not_changed")
    clinic.tamper("UPDATE audit SET subject = 'x' WHERE seq = 2")
    assert not clinic.gwen.get("/audit/verify").json()["ok"]
    assert report(clinic)["status"] == "critical"
    assert "AUDIT_BROKEN" in codes(clinic)


def test_it_says_how_far_the_last_checkpoint_reaches(clinic: Any) -> None:
    assert report(clinic)["audit"]["lastCheckpointAt"] is None
    clinic.run(clinic.app.notary.sign())
    found = report(clinic)["audit"]
    assert 0 < found["lastCheckpointSeq"] <= found["seq"]
    assert found["lastCheckpointAt"]


def test_it_says_why_nothing_can_be_saved(clinic: Any) -> None:
    clinic.gwen.sign_in()
    clinic.db._writer.disk_error = "the disk is gone"
    found = report(clinic)
    assert (found["status"], found["database"]["readOnly"]) == ("critical", "the disk is gone")


def test_problems_speak_the_readers_language(clinic: Any) -> None:
    clinic.tamper("UPDATE account SET language = 'fr' WHERE id = ?", clinic.accounts["gwen"])
    assert "Aucune sauvegarde" in str(clinic.gwen.get("/admin/health").json()["problems"])


@pytest.mark.parametrize("name", ["amina", "chloe", "driss", "farid"])
def test_nobody_but_an_admin_sees_it(clinic: Any, name: str) -> None:
    for path in ("/admin/health", "/admin/jobs"):
        assert getattr(clinic, name).get(path).status_code == 403
        assert clinic.anonymous.get(path).status_code == 401


# ------------------------------------------------------------------------------------- dead letters


def test_what_was_given_up_is_listed_without_what_it_was_to_work_with(clinic: Any) -> None:
    ids = [give_up(clinic) for _ in range(3)]
    page = clinic.gwen.get("/admin/jobs?state=failed&limit=2").json()
    assert [job["id"] for job in page["items"]] == ids[:0:-1]
    rest = clinic.gwen.get(f"/admin/jobs?state=failed&cursor={page['nextCursor']}").json()
    assert [job["id"] for job in rest["items"]] == ids[:1]
    assert page["items"][0].keys() == {"id", "name", "dueAt", "tries", "failedAt", "error", "createdAt"}
    assert clinic.gwen.get("/admin/jobs?state=lost").status_code == 400
    assert report(clinic)["jobs"]["failed"] == 3
    assert "JOBS_FAILED" in codes(clinic)


def test_a_retry_is_done_at_once_and_audited(clinic: Any) -> None:
    clinic.run_jobs()
    id = give_up(clinic, "records.prescriptions.announce_lock", '{"nothing": 1}')
    assert clinic.run_jobs() == 0
    assert clinic.gwen.post(f"/admin/jobs/{id}/retry").status_code == 204
    before = metrics.JOBS.labels("unknown", "failed")._value.get()
    assert clinic.run_jobs() > 0
    assert metrics.JOBS.labels("unknown", "failed")._value.get() == before + 1
    assert "knows no job" in clinic.gwen.get("/admin/jobs").json()["items"][0]["error"]
    line = clinic.audit("job.retried")[-1]
    assert (line["subject"], line["detail"]) == (id, {"job": "records.prescriptions.announce_lock"})


def test_what_is_discarded_is_never_done(clinic: Any) -> None:
    id = give_up(clinic)
    assert clinic.gwen.post(f"/admin/jobs/{id}/discard").status_code == 204
    assert clinic.gwen.get("/admin/jobs").json()["items"] == []
    assert clinic.audit("job.discarded")[-1]["severity"] == "warning"
    for verb in ("retry", "discard"):
        assert clinic.gwen.post(f"/admin/jobs/{id}/{verb}").status_code == 404


def test_a_job_that_waits_can_be_neither_retried_nor_discarded(clinic: Any) -> None:
    clinic.tamper(
        "INSERT INTO job (id, name, payload, due_at, created_at) VALUES ('j1', 'x', '{}', '2030-01-01T00:00:00Z',"
        " '2026-01-01T00:00:00Z')"
    )
    waiting = clinic.gwen.get("/admin/jobs?state=waiting").json()["items"]
    assert "j1" in [job["id"] for job in waiting]
    assert clinic.gwen.post("/admin/jobs/j1/discard").status_code == 404


@pytest.mark.parametrize("name", ["amina", "chloe", "driss", "farid"])
def test_nobody_else_moves_a_job(clinic: Any, name: str) -> None:
    id = give_up(clinic)
    for verb in ("retry", "discard"):
        assert getattr(clinic, name).post(f"/admin/jobs/{id}/{verb}").status_code == 403
        assert clinic.anonymous.post(f"/admin/jobs/{id}/{verb}").status_code == 401
    assert clinic.rows("SELECT failed_at FROM job WHERE id = ?", id)[0]["failed_at"]


def test_the_house_may_see_it_too(clinic: Any) -> None:
    from esante.admin.health import box, service

    assert clinic.read(house("cli:root"), service.show_health, box.measure(clinic.parts)).audit.seq > 0
