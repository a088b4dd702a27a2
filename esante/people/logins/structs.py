"""What an admin asks for when somebody is to sign in, and what is handed over."""

from esante.identity.structs import Account, AccountRoleName, Email, Language, OneTimeMail
from esante.kernel.structs import AccountId, Asked, Kept
from esante.people.structs import Phone


class NewLogin(Asked):
    """A new account by its address or mobile number, or (`accountId`) one more role of an account that there is.

    `personId` is the patient or the practitioner whom the account is to stand for, in these two roles and no other.
    """

    role: AccountRoleName
    email: Email | None = None
    mobile_number: Phone | None = None
    account_id: AccountId | None = None
    person_id: str | None = None
    language: Language | None = None


class LoginMade(Kept):
    """The account. With a new one comes a slip to hand over: with it the person chooses a password. It is not shown again."""

    account: Account
    slip: OneTimeMail | None
