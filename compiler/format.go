package main

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
	opa "github.com/open-policy-agent/opa/v1/version"
)

type formatRequest struct {
	File   string `json:"file"`
	Source string `json:"source"`
}

type formatted struct {
	Source string `json:"source"`
}

// formatModule is what `opa fmt` does.
func formatModule(asked formatRequest) any {
	source, err := format.SourceWithOpts(asked.File, []byte(asked.Source), format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		errs := describe(err)
		for i := range errs {
			errs[i].File = asked.File
		}
		return failed{errs}
	}
	return formatted{Source: string(source)}
}

type versions struct {
	OpaVersion string `json:"opaVersion"`
}

func version() versions { return versions{OpaVersion: opaVersion()} }

func opaVersion() string { return opa.Version }
