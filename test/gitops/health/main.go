// What GitOps tools make of an object: kstatus for Flux, Lua for Argo CD. Reads one request as JSON, writes one answer.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type request struct {
	// As the API server gives them: `unstructured` reads whole numbers as int64, as the tools do.
	Objects []unstructured.Unstructured `json:"objects"`
	// Argo CD's, empty where only kstatus is asked.
	Script string            `json:"script"`
	Params map[string]string `json:"params"`
	// What the script returns is the object as it shall be: answer with the patch that leads there.
	Patch bool `json:"patch"`
}

type answer struct {
	Status  string          `json:"status,omitempty"`
	Message string          `json:"message,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Patch   json.RawMessage `json:"patch,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func main() {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, "standard input is not a request:", err)
		os.Exit(2)
	}
	answers := make([]answer, len(asked.Objects))
	for i := range asked.Objects {
		answers[i] = judge(&asked.Objects[i], asked)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge(object *unstructured.Unstructured, asked request) answer {
	if asked.Script == "" {
		result, err := status.Compute(object)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Status: result.Status.String(), Message: result.Message}
	}
	result, err := runLua(object.Object, asked.Script, asked.Params)
	if err != nil {
		return answer{Error: err.Error()}
	}
	if !asked.Patch {
		return answer{Result: result}
	}
	patch, err := patchTo(object.Object, result)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Patch: patch}
}
