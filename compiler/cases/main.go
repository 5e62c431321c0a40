// Command cases writes what native OPA gives for each expression of a file of builtin cases, into the same file:
//
//	go run ./cases ../src/rego/builtins/cases.json
//
// The tests of src/rego evaluate the same expressions in the runtime that decides, and compare.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/open-policy-agent/opa/v1/rego"
)

type builtinCase struct {
	Expression string `json:"expression"`
	// The value in an array, as Rego prints it, null where the expression is undefined.
	Result *string `json:"result"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: go run ./cases CASES.json"))
	}
	content, err := os.ReadFile(os.Args[1])
	fail(err)
	var cases []builtinCase
	fail(json.Unmarshal(content, &cases))
	for i := range cases {
		cases[i].Result = evaluate(cases[i].Expression)
	}
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	fail(encoder.Encode(cases))
	fail(os.WriteFile(os.Args[1], written.Bytes(), 0o644))
}

func evaluate(expression string) *string {
	results, err := rego.New(rego.Query(`x := sprintf("%v", [[` + expression + `]])`)).Eval(context.Background())
	fail(err)
	if len(results) == 0 {
		return nil
	}
	text, _ := results[0].Bindings["x"].(string)
	return &text
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
