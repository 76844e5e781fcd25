{{- define "wirefold.selector" -}}
app.kubernetes.io/name: wirefold
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "wirefold.labels" -}}
{{ include "wirefold.selector" . }}
app.kubernetes.io/part-of: wirefold
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "wirefold.image" -}}
{{- with .Values.image -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ if .digest }}@{{ .digest }}{{ end }}
{{- end -}}
{{- end }}

{{- define "wirefold.contained" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "wirefold.mounts" -}}
- {name: settings, mountPath: /etc/wirefold, readOnly: true}
- {name: http, mountPath: /run/secrets/wirefold, readOnly: true}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "wirefold.env" -}}
{{- if and .Values.ingress.enabled .Values.ingress.path }}
- {name: WIREFOLD__HTTP__PATH, value: {{ .Values.ingress.path | quote }}}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}
