"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

from portal.mfa.checks import refuse_to_start  # noqa: E402  Django is set up by the line above.

refuse_to_start()
