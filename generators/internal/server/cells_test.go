package server

// cells lists columns, each with the Go code of its cell: an expression, or the statements of a function.
var cells = []struct{ typ, path, want string }{
	{"string", ".metadata.name", "in.Name"},
	{"date", ".metadata.creationTimestamp", "metatable.ConvertToHumanReadableDateType(in.CreationTimestamp)"},
	{"string", ".spec.text", "in.Spec.Text"},
	{"string", ".spec.color", "string(in.Spec.Color)"},
	{"integer", ".spec.small", "int64(in.Spec.Small)"},
	{"integer", ".spec.big", "int64(in.Spec.Big)"},
	{"integer", ".spec.level", "int64(in.Spec.Level)"},
	{"number", ".spec.ratio", "float64(in.Spec.Ratio)"},
	{"number", ".spec.small", "float64(in.Spec.Small)"},
	{"boolean", ".spec.flag", "in.Spec.Flag"},
	{"boolean", ".spec.switch", "bool(in.Spec.Switch)"},
	{"date", ".spec.when", "metatable.ConvertToHumanReadableDateType(in.Spec.When)"},
	{"string", ".spec.every", "in.Spec.Every.Duration.String()"},
	{"string", ".spec.size", "in.Spec.Size.String()"},
	{"string", ".spec.port", "in.Spec.Port.String()"},
	{"string", ".spec.only", "in.Spec.Inlined.Only"},
	{"string", ".spec.inlinedLabel", "in.Spec.Inlined.Label"},
	{"string", ".spec.label", "in.Spec.Label"},
	{"string", ".spec.simple", "in.Spec.Simple"},
	{"string", ".spec.words", `strings.Join(in.Spec.Words, ",")`},
	{"string", ".spec.small", "fmt.Sprint(in.Spec.Small)"},
	{"string", ".spec.switch", "fmt.Sprint(bool(in.Spec.Switch))"},
	{"string", ".spec.ratio", "fmt.Sprint(in.Spec.Ratio)"},

	{"string", ".spec.textPtr", `
	if in.Spec.TextPtr == nil {
		return nil
	}
	return *in.Spec.TextPtr
`},
	{"string", ".spec.colorPtr", `
	if in.Spec.ColorPtr == nil {
		return nil
	}
	return string(*in.Spec.ColorPtr)
`},
	{"integer", ".spec.bigPtr", `
	if in.Spec.BigPtr == nil {
		return nil
	}
	return int64(*in.Spec.BigPtr)
`},
	{"boolean", ".spec.flagPtr", `
	if in.Spec.FlagPtr == nil {
		return nil
	}
	return *in.Spec.FlagPtr
`},
	{"date", ".spec.whenPtr", `
	if in.Spec.WhenPtr == nil {
		return nil
	}
	return metatable.ConvertToHumanReadableDateType(*in.Spec.WhenPtr)
`},
	{"string", ".spec.sizePtr", `
	if in.Spec.SizePtr == nil {
		return nil
	}
	return in.Spec.SizePtr.String()
`},
	{"string", ".spec.nested.deeper.name", `
	if in.Spec.Nested == nil {
		return nil
	}
	if in.Spec.Nested.Deeper == nil {
		return nil
	}
	if in.Spec.Nested.Deeper.Name == nil {
		return nil
	}
	return *in.Spec.Nested.Deeper.Name
`},
	{"string", ".spec.maybe", `
	if in.Spec.Optional == nil {
		return nil
	}
	return in.Spec.Optional.Maybe
`},
	{"string", ".metadata.labels.tier", `
	value1, ok := in.Labels["tier"]
	if !ok {
		return nil
	}
	return value1
`},
	{"string", `.spec.labels.app\.example\.com/name`, `
	value1, ok := in.Spec.Labels["app.example.com/name"]
	if !ok {
		return nil
	}
	return value1
`},
	{"string", `.metadata.annotations['app\.example\.com/name']`, `
	value1, ok := in.Annotations["app.example.com/name"]
	if !ok {
		return nil
	}
	return value1
`},
	{"string", ".spec.limits.cpu", `
	value1, ok := in.Spec.Limits["cpu"]
	if !ok {
		return nil
	}
	return value1.String()
`},
	{"integer", ".spec.matrix.a.b", `
	value1, ok := in.Spec.Matrix["a"]
	if !ok {
		return nil
	}
	value2, ok := value1["b"]
	if !ok {
		return nil
	}
	return int64(value2)
`},
	{"string", ".spec.mapPtr.a", `
	if in.Spec.MapPtr == nil {
		return nil
	}
	value1, ok := (*in.Spec.MapPtr)["a"]
	if !ok {
		return nil
	}
	return value1
`},
	{"string", ".spec.listPtr[1]", `
	if in.Spec.ListPtr == nil {
		return nil
	}
	if len((*in.Spec.ListPtr)) <= 1 {
		return nil
	}
	return (*in.Spec.ListPtr)[1]
`},
	{"string", ".spec.words[0]", `
	if len(in.Spec.Words) <= 0 {
		return nil
	}
	return in.Spec.Words[0]
`},
	{"string", ".spec.words[-1]", `
	if len(in.Spec.Words) < 1 {
		return nil
	}
	return in.Spec.Words[len(in.Spec.Words)-1]
`},
	{"string", ".spec.words[*]", `
	var values []string
	for i := range in.Spec.Words {
		values = append(values, in.Spec.Words[i])
	}
	return strings.Join(values, ",")
`},
	{"string", ".spec.listPtr", `
	if in.Spec.ListPtr == nil {
		return nil
	}
	return strings.Join(*in.Spec.ListPtr, ",")
`},
	{"number", ".spec.numbers", `
	var values []string
	for i := range in.Spec.Numbers {
		values = append(values, fmt.Sprint(float64(in.Spec.Numbers[i])))
	}
	return strings.Join(values, ",")
`},
	{"date", ".spec.times", `
	var values []string
	for i := range in.Spec.Times {
		values = append(values, metatable.ConvertToHumanReadableDateType(in.Spec.Times[i]))
	}
	return strings.Join(values, ",")
`},
	{"string", ".spec.pointers[*].note", `
	var values []string
	for i := range in.Spec.Pointers {
		if in.Spec.Pointers[i] == nil {
			continue
		}
		if in.Spec.Pointers[i].Note == nil {
			continue
		}
		values = append(values, *in.Spec.Pointers[i].Note)
	}
	return strings.Join(values, ",")
`},
	{"string", ".spec.items[*].words", `
	var values []string
	for i := range in.Spec.Items {
		values = append(values, in.Spec.Items[i].Words...)
	}
	return strings.Join(values, ",")
`},
	{"integer", `.spec.items[*].parts[?(@.type=="blue")].parts[*].size`, `
	var values []string
	for i := range in.Spec.Items {
		for ii := range in.Spec.Items[i].Parts {
			if in.Spec.Items[i].Parts[ii].Type == "blue" {
				for iii := range in.Spec.Items[i].Parts[ii].Parts {
					values = append(values, fmt.Sprint(int64(in.Spec.Items[i].Parts[ii].Parts[iii].Size)))
				}
				break
			}
		}
	}
	return strings.Join(values, ",")
`},
	{"string", `.spec.items[?(@.type=="red")].parts[*].parts[?(@.type=="blue")].note`, `
	for i := range in.Spec.Items {
		if in.Spec.Items[i].Type == "red" {
			var values []string
			for ii := range in.Spec.Items[i].Parts {
				for iii := range in.Spec.Items[i].Parts[ii].Parts {
					if in.Spec.Items[i].Parts[ii].Parts[iii].Type == "blue" {
						if in.Spec.Items[i].Parts[ii].Parts[iii].Note == nil {
							break
						}
						values = append(values, *in.Spec.Items[i].Parts[ii].Parts[iii].Note)
						break
					}
				}
			}
			return strings.Join(values, ",")
		}
	}
	return nil
`},
	{"integer", ".spec.pointers[0].size", `
	if len(in.Spec.Pointers) <= 0 {
		return nil
	}
	if in.Spec.Pointers[0] == nil {
		return nil
	}
	return int64(in.Spec.Pointers[0].Size)
`},
	{"integer", `.spec.items[?(@.type=="red")].size`, `
	for i := range in.Spec.Items {
		if in.Spec.Items[i].Type == "red" {
			return int64(in.Spec.Items[i].Size)
		}
	}
	return nil
`},
	{"string", `.spec.items[?(@.type=='red')].parts[?(@.type=='blue')].note`, `
	for i := range in.Spec.Items {
		if in.Spec.Items[i].Type == "red" {
			for ii := range in.Spec.Items[i].Parts {
				if in.Spec.Items[i].Parts[ii].Type == "blue" {
					if in.Spec.Items[i].Parts[ii].Note == nil {
						return nil
					}
					return *in.Spec.Items[i].Parts[ii].Note
				}
			}
			return nil
		}
	}
	return nil
`},
}
