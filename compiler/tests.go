package main

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

type testRule struct {
	// Path of the rule below data: its package's names, then its own.
	Path   []string `json:"path"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Column int      `json:"column"`
}

type listed struct {
	Tests []testRule `json:"tests"`
}

// listTests finds what `opa test` would run: the rules whose names begin with test_, in the order of the sources. A
// rule written twice is listed twice.
func listTests(asked compileRequest) any {
	modules, errs := parseModules(asked, capabilities(asked.HostBuiltins))
	if len(errs) > 0 {
		return failed{errs}
	}
	tests := []testRule{}
	for _, file := range sortedKeys(modules) {
		for _, rule := range modules[file].Rules {
			path := namesOf(rule.Ref().GroundPrefix())
			if rule.Default || !strings.HasPrefix(path[len(path)-1], "test_") {
				continue
			}
			tests = append(tests, testRule{path, file, rule.Location.Row, rule.Location.Col})
		}
	}
	return listed{tests}
}

// namesOf leaves out data, with which every path of a rule begins.
func namesOf(ref ast.Ref) []string {
	names := make([]string, 0, len(ref)-1)
	for _, term := range ref[1:] {
		if name, ok := term.Value.(ast.String); ok {
			names = append(names, string(name))
		}
	}
	return names
}
