package generators_test

import "testing"

// TestValidation generates a project whose kinds have markers of every form, compiles it, and runs a test there of what is said of
// objects.
func TestValidation(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a generated project")
	}
	dir := generateFrom(t, "testdata/validation.txtar", "Apple", "Orchard")
	goRun(t, dir, "vet", "./pkg/generated/validation", "./pkg/apis")
	goRun(t, dir, "test", "./pkg/apis")
}
