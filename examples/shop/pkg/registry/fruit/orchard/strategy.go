// Package orchard implements the validation, storage and table output of orchards.fruit.example.com.
package orchard

// Strategy customizes how objects of kind Orchard are prepared, validated and stored. The embedded base implements the methods
// below with their default behavior. To change one, declare it on Strategy, as in these examples:
//
//	// PrepareForCreate changes an object before it is validated and created.
//	func (Strategy) PrepareForCreate(ctx context.Context, obj *Orchard) {
//		metav1.SetMetaDataLabel(&obj.ObjectMeta, "app.kubernetes.io/managed-by", "shop")
//	}
//
//	// PrepareForUpdate changes an object before it is validated and updated.
//	func (Strategy) PrepareForUpdate(ctx context.Context, obj, old *Orchard) {
//		metav1.SetMetaDataLabel(&obj.ObjectMeta, "app.kubernetes.io/managed-by", "shop")
//	}
//
//	// Validate returns the errors in an object. old is nil on create.
//	func (Strategy) Validate(ctx context.Context, obj, old *Orchard) field.ErrorList {
//		if len(obj.Name) > 30 {
//			return field.ErrorList{field.TooLong(field.NewPath("metadata", "name"), obj.Name, 30)}
//		}
//		return nil
//	}
//
//	// Visible returns a function that reports whether a user may see an object. To get, list, watch, update and delete, other objects
//	// do not exist. Members of system:masters see all objects. This project's controllers do not, unless you return nil for them.
//	func (Strategy) Visible(ctx context.Context, u user.Info) (func(*Orchard) bool, error) {
//		return func(obj *Orchard) bool { return obj.Labels["owner"] == u.GetName() }, nil
//	}
//
//	// Warnings returns warnings for the client. old is nil on create.
//	func (Strategy) Warnings(ctx context.Context, obj, old *Orchard) []string {
//		if len(obj.OwnerReferences) > 1 {
//			return []string{"metadata.ownerReferences: one owner is enough"}
//		}
//		return nil
//	}
//
//	// Canonicalize changes a valid object to the form that is stored.
//	func (Strategy) Canonicalize(obj *Orchard) { slices.Sort(obj.Finalizers) }
//
//	// AllowCreateOnUpdate reports whether PUT may create an object.
//	func (Strategy) AllowCreateOnUpdate(ctx context.Context) bool { return true }
//
//	// AllowUnconditionalUpdate reports whether PUT may omit metadata.resourceVersion.
//	func (Strategy) AllowUnconditionalUpdate(ctx context.Context) bool { return true }
//
//	// GenerateName returns a name for an object with metadata.generateName.
//	func (Strategy) GenerateName(prefix string) string { return prefix + rand.String(10) }
type Strategy struct{ base }
