package main

import (
	"context"
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

type request struct {
	Modules map[string]string `json:"modules"`
	// Query is a reference, such as data.answer.text.
	Query string          `json:"query"`
	Data  map[string]any  `json:"data"`
	Input json.RawMessage `json:"input"`
}

// answer has a value, an error, or neither where the query is undefined.
type answer struct {
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

func evaluate(asked request) answer {
	options := []func(*rego.Rego){rego.Query(asked.Query), rego.Store(inmem.NewFromObject(asked.Data))}
	for file, source := range asked.Modules {
		options = append(options, rego.Module(file, source))
	}
	if len(asked.Input) > 0 {
		var input any
		if err := util.UnmarshalJSON(asked.Input, &input); err != nil {
			return answer{Error: err.Error()}
		}
		options = append(options, rego.Input(input))
	}
	results, err := rego.New(options...).Eval(context.Background())
	if err != nil {
		return answer{Error: err.Error()}
	}
	if len(results) == 0 {
		return answer{}
	}
	return answer{Value: results[0].Expressions[0].Value}
}
