// Package inputs lists the files and folders of a project that affect generated code.
//
// The package imports little: see cmd/builder/internal/early.
package inputs

import "path/filepath"

// Boilerplate is the path of the optional license header for generated files.
const Boilerplate = "hack/boilerplate.go.txt"

// extensions contains the extensions of Go files, of module files, and of files that are compiled with Go.
var extensions = map[string]bool{
	".go": true, ".mod": true, ".sum": true, ".work": true,
	".c": true, ".cc": true, ".cpp": true, ".cxx": true, ".m": true, ".h": true, ".hh": true, ".hpp": true, ".hxx": true,
	".f": true, ".F": true, ".for": true, ".f90": true, ".s": true, ".S": true, ".sx": true, ".swig": true, ".swigcxx": true, ".syso": true,
}

// Compiled reports whether the go command reads a file with this name even if no file embeds it.
func Compiled(name string) bool { return extensions[filepath.Ext(name)] }

var versionControl = map[string]bool{".git": true, ".hg": true, ".svn": true, ".bzr": true}

// VersionControl reports whether a folder with this name, without its path, belongs to a version control system. The go command does not
// read such folders, and does not embed their files.
func VersionControl(name string) bool { return versionControl[name] }
