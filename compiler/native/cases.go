package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/test/cases"
)

// conformanceCase is one of OPA's cases, with what only Go reads: the query's variables, and values as exact text.
type conformanceCase struct {
	// Directory is the feature that the case is about.
	Directory string   `json:"directory"`
	Note      string   `json:"note"`
	Query     string   `json:"query"`
	Variables []string `json:"variables"`
	Modules   []string `json:"modules"`
	Data      *string  `json:"data"`
	Input     *string  `json:"input"`
	InputTerm *string  `json:"inputTerm"`
	// WantResult is a JSON array of bindings.
	WantResult           *string `json:"wantResult"`
	WantErrorCode        *string `json:"wantErrorCode"`
	WantError            *string `json:"wantError"`
	SortBindings         bool    `json:"sortBindings"`
	StrictError          bool    `json:"strictError"`
	ExperimentalKeywords bool    `json:"experimentalKeywords"`
}

// listCases reads the cases in Rego v1 of the version of OPA that go.mod names.
func listCases() ([]conformanceCase, error) {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/opa").Output()
	if err != nil {
		return nil, err
	}
	root := filepath.Join(strings.TrimSpace(string(folder)), "v1", "test", "cases", "testdata", "v1")
	set, err := cases.Load(root)
	if err != nil {
		return nil, err
	}
	listed := make([]conformanceCase, 0, len(set.Cases))
	for _, each := range set.Cases {
		directory, err := filepath.Rel(root, filepath.Dir(each.Filename))
		if err != nil {
			return nil, err
		}
		listed = append(listed, conformanceCase{
			Directory:            filepath.ToSlash(directory),
			Note:                 each.Note,
			Query:                each.Query,
			Variables:            variablesOf(each),
			Modules:              each.Modules,
			Data:                 textOf(each.Data),
			Input:                textOf(each.Input),
			InputTerm:            each.InputTerm,
			WantResult:           textOf(each.WantResult),
			WantErrorCode:        each.WantErrorCode,
			WantError:            each.WantError,
			SortBindings:         each.SortBindings,
			StrictError:          each.StrictError,
			ExperimentalKeywords: each.ExperimentalKeywords,
		})
	}
	return listed, nil
}

// variablesOf names the variables that the query binds; those that OPA generates are none of a case's business.
func variablesOf(each cases.TestCase) []string {
	names := []string{}
	visitor := ast.NewVarVisitor().WithParams(ast.VarVisitorParams{SkipRefHead: true, SkipClosures: true, SkipRefCallHead: true})
	visitor.Walk(ast.MustParseBody(each.Query))
	for _, name := range visitor.Vars().Sorted() {
		if !name.IsWildcard() && !name.IsGenerated() {
			names = append(names, string(name))
		}
	}
	return names
}

func textOf[T any](value *T) *string {
	if value == nil {
		return nil
	}
	encoded, err := json.Marshal(value)
	fail(err)
	text := string(encoded)
	return &text
}
