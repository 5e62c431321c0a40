// Command native answers as OPA's own interpreter does, so that tests can compare with it what the runtime that decides
// answers. It reads one JSON request a line and writes one JSON answer a line, each in its turn.
//
//	go run ./native cases   writes OPA's own conformance cases, one a line, and ends
//	go run ./native         evaluates
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/open-policy-agent/opa/v1/util"
)

func main() {
	answers := bufio.NewWriter(os.Stdout)
	defer answers.Flush()
	encoder := json.NewEncoder(answers)
	encoder.SetEscapeHTML(false)
	if len(os.Args) == 2 && os.Args[1] == "cases" {
		listed, err := listCases()
		fail(err)
		for _, each := range listed {
			fail(encoder.Encode(each))
		}
		return
	}
	requests := bufio.NewScanner(os.Stdin)
	requests.Buffer(nil, 64<<20)
	for requests.Scan() {
		var asked request
		fail(util.UnmarshalJSON(requests.Bytes(), &asked))
		fail(encoder.Encode(evaluate(asked)))
		fail(answers.Flush())
	}
	fail(requests.Err())
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
