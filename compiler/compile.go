package main

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/dependencies"
)

type compileRequest struct {
	Modules     map[string]string `json:"modules"`
	Entrypoints []string          `json:"entrypoints"`
	// Packages are welcome beside those of the entrypoints.
	Packages     []string `json:"packages"`
	HostBuiltins []string `json:"hostBuiltins"`
}

type compiled struct {
	// Builtins that the module calls and that the host must implement.
	Builtins []string `json:"builtins"`
	// Reads are the paths of input and data that the policy reads, cut where they become dynamic.
	Reads      []string `json:"reads"`
	OpaVersion string   `json:"opaVersion"`
}

// compilePolicy reports the errors of all modules of one stage at once: first those of parsing, then the compiler's.
func compilePolicy(asked compileRequest) (any, []byte) {
	allowed := capabilities(asked.HostBuiltins)
	modules, errs := parseModules(asked, allowed)
	if len(errs) > 0 {
		return failed{errs}, nil
	}
	return buildParsed(modules, asked, allowed)
}

// buildParsed checks and compiles modules that were parsed: compiled and the module, or failed.
func buildParsed(modules map[string]*ast.Module, asked compileRequest, allowed *ast.Capabilities) (any, []byte) {
	checked := ast.NewCompiler().WithCapabilities(allowed).SetErrorLimit(0)
	checked.Compile(copyModules(modules))
	if checked.Failed() {
		return failed{describe(checked.Errors)}, nil
	}
	wasm, err := buildModule(modules, asked.Entrypoints, allowed)
	if err != nil {
		return failed{describe(err)}, nil
	}
	reads, err := readPaths(checked, asked.Entrypoints)
	if err != nil {
		return failed{describe(err)}, nil
	}
	return compiled{Builtins: hostBuiltins(checked), Reads: reads, OpaVersion: opaVersion()}, wasm
}

func parseModules(asked compileRequest, allowed *ast.Capabilities) (map[string]*ast.Module, []sourceError) {
	var errs []sourceError
	modules := map[string]*ast.Module{}
	for _, file := range sortedKeys(asked.Modules) {
		options := ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: allowed, ProcessAnnotation: true}
		module, err := ast.ParseModuleWithOpts(file, asked.Modules[file], options)
		switch {
		case err != nil:
			for _, described := range describe(err) {
				described.File = file
				errs = append(errs, described)
			}
		case module == nil:
			errs = append(errs, sourceError{file, 1, 1, "package_error", "the module is empty: it must begin with package " + asked.Entrypoints[0]})
		default:
			if refused, ok := refusePackage(module, asked); ok {
				errs = append(errs, refused)
			}
			modules[file] = module
		}
	}
	return modules, errs
}

// refusePackage refuses a package that no entrypoint can reach: rules in it would silently decide nothing. Packages
// below an entrypoint and packages of tests are welcome; where the tests are the entrypoint, so is what they test.
func refusePackage(module *ast.Module, asked compileRequest) (sourceError, bool) {
	name := strings.TrimPrefix(module.Package.Path.String(), "data.")
	policies := make([]string, 0, len(asked.Entrypoints))
	roots := slices.Clone(asked.Packages)
	for _, entrypoint := range asked.Entrypoints {
		policy := strings.TrimSuffix(entrypoint, "_test")
		policies = append(policies, policy)
		roots = append(roots, policy, policy+"_test")
	}
	for _, root := range roots {
		if name == root || strings.HasPrefix(name, root+".") || strings.HasPrefix(name, root+"[") {
			return sourceError{}, false
		}
	}
	at := module.Package.Location
	return sourceError{
		at.File, at.Row, at.Col, "package_error",
		fmt.Sprintf("package %s is never read: a policy's rules belong to package %s", name, strings.Join(policies, " or ")),
	}, true
}

func copyModules(modules map[string]*ast.Module) map[string]*ast.Module {
	copied := make(map[string]*ast.Module, len(modules))
	for file, module := range modules {
		copied[file] = module.Copy()
	}
	return copied
}

// buildModule is what `opa build -t wasm` does.
func buildModule(modules map[string]*ast.Module, entrypoints []string, allowed *ast.Capabilities) ([]byte, error) {
	policy := &bundle.Bundle{Data: map[string]any{}}
	policy.SetRegoVersion(ast.RegoV1)
	policy.Manifest.Init()
	for _, file := range sortedKeys(modules) {
		policy.Modules = append(policy.Modules, bundle.ModuleFile{URL: file, Path: file, Parsed: modules[file]})
	}
	// An entrypoint without any rule is an error to OPA; to us it is a policy that says nothing.
	for _, entrypoint := range entrypoints {
		silent := ast.MustParseModuleWithOpts("package "+entrypoint+"\n\n_says_nothing if false\n", ast.ParserOptions{RegoVersion: ast.RegoV1})
		file := "assent:" + entrypoint
		policy.Modules = append(policy.Modules, bundle.ModuleFile{URL: file, Path: file, Parsed: silent})
	}
	// Unless told so, OPA makes what depends on an entrypoint an entrypoint too, and fails where that is a function: any
	// function that uses a rule of its own package. Nothing asks for these entrypoints.
	compiler := compile.New().
		WithPruneUnused(true).
		WithBundle(policy).
		WithTarget(compile.TargetWasm).
		WithEntrypoints(entrypoints...).
		WithCapabilities(allowed).
		WithRegoVersion(ast.RegoV1)
	if err := compiler.Build(context.Background()); err != nil {
		return nil, err
	}
	return compiler.Bundle().WasmModules[0].Raw, nil
}

// hostBuiltins lists the builtins that checked modules call and that OPA does not compile into the module.
func hostBuiltins(checked *ast.Compiler) []string {
	names := []string{}
	for _, builtin := range checked.Required.Builtins {
		if !slices.Contains(native, builtin.Name) && !slices.Contains(erased, builtin.Name) {
			names = append(names, builtin.Name)
		}
	}
	sort.Strings(names)
	return names
}

func readPaths(checked *ast.Compiler, entrypoints []string) ([]string, error) {
	reads := reads{checked, map[*ast.Rule]bool{}, map[string]bool{}}
	for _, entrypoint := range entrypoints {
		root := ast.MustParseRef("data." + strings.ReplaceAll(entrypoint, "/", "."))
		if err := reads.of(checked.GetRules(root)); err != nil {
			return nil, err
		}
	}
	return sortedKeys(reads.paths), nil
}

type reads struct {
	checked *ast.Compiler
	visited map[*ast.Rule]bool
	paths   map[string]bool
}

// of adds what rules read, themselves and through the rules that they refer to. It is dependencies.Base of OPA, which
// panics where it compares two rules without a key whose heads are otherwise equal.
func (r *reads) of(rules []*ast.Rule) error {
	for _, rule := range rules {
		if r.visited[rule] {
			continue
		}
		r.visited[rule] = true
		refs, err := dependencies.Minimal(rule)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			constant := ref.ConstantPrefix()
			if reached := r.checked.GetRules(constant); len(reached) > 0 {
				if err := r.of(reached); err != nil {
					return err
				}
			} else if constant.HasPrefix(ast.InputRootRef) || constant.HasPrefix(ast.DefaultRootRef) {
				r.paths[constant.String()] = true
			}
		}
	}
	return nil
}

func sortedKeys[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
