"""The HTTP door for those who leave."""

from litestar import Response, Router, delete, post
from litestar.params import JSONBody

from esante.identity import tries
from esante.identity.door import Gate, cookie
from esante.identity.leaving import service
from esante.identity.leaving.structs import Farewell
from esante.identity.structs import Account, StatusReason
from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, House, Me
from esante.kernel.structs import AccountId


@delete("/users/me", access=SIGNED_IN, status_code=204)
async def delete_own_account(db: Db, actor: Me, clinic: House, door: Gate, data: JSONBody[Farewell]) -> Response[None]:
    """Close one's account for good, with the password. Medical and financial records stay, as the law wants; see
    `GET /users/export` first."""
    await tries.check_own_password(clinic, door, actor, data.password, "password")
    await db.write(actor, service.delete_own_account)
    return Response(None, status_code=204, cookies=[cookie("", max_age=0)])


@delete("/admin/users/{account_id:str}", access=roles("admin"), status_code=200)
async def archive_account(db: Db, actor: Me, account_id: str, data: JSONBody[StatusReason]) -> Account:
    """Close somebody's account for good, with a reason; its records stay."""
    return await db.write(actor, service.archive_account, AccountId(account_id), data.reason)


@post("/admin/users/{account_id:str}/remove", access=roles("admin"), status_code=200)
async def remove_account(db: Db, actor: Me, account_id: str, data: JSONBody[StatusReason]) -> Account:
    """Take away an account that never did anything here, for good; the answer is the last copy of it."""
    return await db.write(actor, service.remove_account, AccountId(account_id), data.reason)


router = Router("/", route_handlers=[delete_own_account, archive_account, remove_account])
