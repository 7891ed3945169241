"""What gunicorn serves beside the portal."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.limit.settings")

application = get_wsgi_application()
