# The portal as one image: web, worker, beat and migrations are commands of it (docker-compose.yml, deploy/helm).
FROM python:3.11-slim-bookworm

# Whoever wants a demo of this image has to say so.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PORTAL_MODE=production
WORKDIR /app

# First what changes least: the locked packages, as wheels only, so that no package's own code runs while it is installed.
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt

COPY manage.py ./
COPY deploy/gunicorn.conf.py deploy/
COPY static static
COPY templates templates
COPY portal portal
COPY clearance clearance
COPY incidents incidents
COPY tools tools
COPY travel travel

# Settings refuse to start without their values. These are for this one command and are in no layer's environment.
RUN zeros=$(printf '%064d' 0) && \
    SECRET_KEY="$zeros" PORTAL_OTP_KEYS="build:$zeros" PORTAL_OTP_PEPPER="$zeros" \
    PORTAL_AUDIT_KEY="$zeros" ALLOWED_HOSTS=build.invalid PORTAL_URL=https://build.invalid DATABASE_URL=sqlite://:memory: \
    CELERY_BROKER_URL=memory:// \
    python manage.py collectstatic --no-input --verbosity 0

# A number, not a name: Kubernetes checks runAsNonRoot before the image's list of users can be read.
USER 1000
EXPOSE 8000
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py"]
