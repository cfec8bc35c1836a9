package markers

import "testing"

func TestValue(t *testing.T) {
	all := []Marker{{Text: "+genclient"}, {Text: "+resourceName=pearls"}, {Text: "+resourceName=late"}}
	for text, want := range map[string]bool{"+genclient": true, "+gen": false, "+resourceName": false} {
		if got := Has(all, text); got != want {
			t.Errorf("Has(%q) = %t, want %t", text, got, want)
		}
	}
	if got := Value(all, "resourceName"); got != "pearls" {
		t.Errorf("Value = %q, want the first, pearls", got)
	}
	if got := Value(all, "resource"); got != "" {
		t.Errorf("Value of a marker that is not there = %q", got)
	}
}
