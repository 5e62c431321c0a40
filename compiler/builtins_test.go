package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// OPA publishes in builtin_metadata.json which builtins its WASM compiler has natively.
func TestNativeBuiltinsAreThoseOfThisOPA(t *testing.T) {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/opa").Output()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "builtin_metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	var metadata map[string]json.RawMessage
	if err := json.Unmarshal(content, &metadata); err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for name, described := range metadata {
		if strings.HasPrefix(name, "_") { // lists about builtins
			continue
		}
		var builtin struct {
			Wasm bool `json:"wasm"`
		}
		if err := json.Unmarshal(described, &builtin); err != nil {
			t.Fatal(name, err)
		}
		if builtin.Wasm {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if !slices.Equal(native, want) {
		t.Errorf("native is\n%v\nOPA says\n%v", native, want)
	}
}

func TestAdviceIsAboutBuiltinsThatExist(t *testing.T) {
	for name := range advice {
		if _, ok := ast.BuiltinMap[name]; !ok {
			t.Errorf("OPA has no builtin %s", name)
		}
	}
}
