{{/* What every pod of the portal is given: the same environment, and no more rights than it needs. */}}
{{- define "portal.environment" -}}
- name: PORTAL_MODE
  value: production
- name: ALLOWED_HOSTS
  value: {{ .Values.host | quote }}
- name: PORTAL_URL
  value: {{ printf "https://%s" .Values.host | quote }}
{{- range $name, $value := .Values.environment }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name := list "SECRET_KEY" "PORTAL_OTP_KEYS" "PORTAL_OTP_PEPPER" "PORTAL_AUDIT_KEY" "EMAIL_URL" }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.secrets.portal | quote }}, key: {{ $name }}}}
{{- end }}
{{- range $name, $key := dict "DATABASE_HOST" "rds_instance_address" "DATABASE_NAME" "database_name" "DATABASE_USER" "database_username" "DATABASE_PASSWORD" "database_password" }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.secrets.database | quote }}, key: {{ $key }}}}
{{- end }}
{{- range $name, $key := dict "REDIS_HOST" "primary_endpoint_address" "REDIS_TOKEN" "auth_token" }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.secrets.redis | quote }}, key: {{ $key }}}}
{{- end }}
# Kubernetes puts the values above into these; they have to come after them.
- name: DATABASE_URL
  value: postgres://$(DATABASE_USER):$(DATABASE_PASSWORD)@$(DATABASE_HOST):5432/$(DATABASE_NAME)?sslmode=require
- name: CELERY_BROKER_URL
  value: rediss://:$(REDIS_TOKEN)@$(REDIS_HOST):6379/0?ssl_cert_reqs=required
- name: CACHE_URL
  value: rediss://:$(REDIS_TOKEN)@$(REDIS_HOST):6379/1
{{- end }}

{{- define "portal.container" -}}
image: {{ printf "%s:%s" .Values.image.repository .Values.image.tag | quote }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
env:
  {{- include "portal.environment" . | nindent 2 }}
{{- end }}

{{- define "portal.pod" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  seccompProfile: {type: RuntimeDefault}
volumes:
  - {name: tmp, emptyDir: {}}
{{- end }}
