from portal.mfa.management.refusing import Refusing


class Command(Refusing):
    help = "Refuses: nobody sets the password of somebody else."
    instead = (
        "Nobody sets the password of somebody else, and nothing would say that you did. "
        "They ask for a link on the page to sign in."
    )
