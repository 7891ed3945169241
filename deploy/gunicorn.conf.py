"""How gunicorn serves the portal: the same on a laptop (./run), in compose and on Cloud Platform."""

import os

wsgi_app = "portal.wsgi:application"
bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"  # The whole network of a container; ./run says 127.0.0.1 instead.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
# A worker proves that it lives by touching a file; on a slow disk that alone can make it look dead.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# The socket for gunicornc would be a file under the home folder, shared by all instances of a person.
control_socket_disable = True
timeout = 30
graceful_timeout = 10  # seconds; ./run waits 15, Kubernetes 30
keepalive = 75  # seconds: longer than the ingress keeps a connection, so that it never writes into a closed one
max_requests = 5000  # A slow leak ends here instead of at the memory limit.
max_requests_jitter = 500
# No access log: the ingress has one, and the path of a password reset is a secret for as long as it works.
accesslog = None
