package v1alpha1

// SetDefaults_FlunderSpec makes a reference without a type one to a Flunder.
func SetDefaults_FlunderSpec(obj *FlunderSpec) {
	if (obj.ReferenceType == nil || *obj.ReferenceType == "") && obj.Reference != "" {
		referenceType := FlunderReferenceType
		obj.ReferenceType = &referenceType
	}
}
