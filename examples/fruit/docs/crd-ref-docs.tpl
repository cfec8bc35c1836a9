{{- /* The template of the API reference that "make docs" writes. */ -}}
{{- define "gvList" -}}
{{- range $gv := . -}}
# {{ $gv.GroupVersionString }}

{{ trim $gv.Doc }}
{{ range $type := $gv.SortedTypes }}
  {{- $kind := false }}
  {{- $list := false }}
  {{- range $type.Members }}
    {{- if eq .Name "metadata" }}{{ $kind = true }}{{ end }}
    {{- if eq .Name "items" }}{{ $list = true }}{{ end }}
  {{- end }}
  {{- if and $kind (not $list) }}
{{ template "heading" $type }}
```yaml
apiVersion: {{ $gv.GroupVersionString }}
kind: {{ $type.Name }}
```
{{ template "type" $type }}
  {{- else if and (markdownShouldRenderType $type) (not (and $kind $list)) }}
{{ template "heading" $type }}
    {{- template "type" $type }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "heading" -}}
## {{ .Name }}

{{ trim .Doc }}
{{ end }}

{{- define "type" }}
{{- if .IsAlias }}
Type: {{ markdownRenderTypeLink .UnderlyingType }}
{{ end }}
{{- range .Validation }}
- {{ . }}
{{- end }}
{{- range index .Markers "kubebuilder:validation:XValidation" }}
- {{ with .Message }}{{ . }}: {{ end }}`{{ .Rule }}`
{{- end }}
{{- if or .Validation (index .Markers "kubebuilder:validation:XValidation") }}
{{ end }}
{{- if .Members }}
| field | type | description | default | validation |
| --- | --- | --- | --- | --- |
{{- range .Members }}
{{- if not (or (eq .Name "kind") (eq .Name "apiVersion")) }}
| `{{ .Name }}` | {{ markdownRenderType .Type }} | {{ template "cell" .Doc }} | {{ with .Default }}`{{ template "cell" . }}`{{ end }} | {{ template "validation" . }} |
{{- end }}
{{- end }}
{{ end }}
{{- if .EnumValues }}
| value | description |
| --- | --- |
{{- range .EnumValues }}
| `{{ .Name }}` | {{ template "cell" .Doc }} |
{{- end }}
{{ end }}
{{- end }}

{{- define "validation" }}
  {{- $texts := list }}
  {{- range .Validation }}
    {{- $texts = append $texts (get (dict "Optional: {}" "optional" "Required: {}" "required") . | default .) }}
  {{- end }}
  {{- /* The markers of a field include those of its type, which the section of the type shows. So show rules here only if the field itself has some. */}}
  {{- $rules := index .Markers "kubebuilder:validation:XValidation" }}
  {{- if gt (len $rules) (len (index .Type.Markers "kubebuilder:validation:XValidation")) }}
    {{- range $rules }}{{ $texts = append $texts (printf "%s: `%s`" (.Message | default "rule") .Rule) }}{{ end }}
  {{- end }}
  {{- template "cell" (join "\n" $texts) }}
{{- end }}

{{- define "cell" }}{{ trim . | replace "|" "\\|" | replace "\n" "<br />" }}{{ end }}
