from portal.mfa.management.refusing import Refusing


class Command(Refusing):
    help = "Refuses: create_administrator makes an administrator, and says so in the audit log."
    instead = (
        "Nothing would say that you made an administrator. Run: python manage.py create_administrator EMAIL --name NAME"
    )
