//go:build !linux

package fence

func process(Rules) Report {
	return Report{Problem: "not implemented on this operating system"}
}
