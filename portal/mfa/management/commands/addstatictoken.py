from portal.mfa.management.refusing import Refusing


class Command(Refusing):
    help = "Refuses: it writes a code in the clear, which signs nobody in."
    instead = (
        "It writes a code in the clear, which signs nobody in. When nobody can release a reset, run: "
        "python manage.py break_glass EMAIL --by EMAIL --and EMAIL --reason TEXT"
    )
