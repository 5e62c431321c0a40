package main

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/dependencies"
	"github.com/open-policy-agent/opa/v1/types"
)

type lintRequest struct {
	// TestModules names those of the modules that are tests: lints are about policies.
	TestModules []string `json:"testModules"`
	// InputSchema is the JSON schema of input. OPA's type checker takes an object without properties for an open one.
	InputSchema any `json:"inputSchema"`
	// Parameters are the names below data.parameters; null where nobody says which there are.
	Parameters *[]string `json:"parameters"`
}

// finding is one thing to repair. What is nearest to Have among OneOf is for the host to say.
type finding struct {
	sourceError
	Severity string   `json:"severity"`
	Have     string   `json:"have"`
	OneOf    []string `json:"oneOf"`
}

type linted struct {
	Findings []finding `json:"findings"`
}

// outputs are the rules of a policy that are read; each is a set.
var outputs = []string{"allow", "deny", "require", "warn"}

// lintPolicy tells what compiles and yet cannot be meant: a field that the input does not have, and the traps that
// lint_rules.go knows.
func lintPolicy(asked compileRequest, with lintRequest) any {
	allowed := capabilities(asked.HostBuiltins)
	modules, errs := parseModules(asked, allowed)
	if len(errs) > 0 {
		return failed{errs}
	}
	policies := withoutTests(modules, with.TestModules)
	found := append(lintSyntax(policies, asked.Entrypoints), lintValues(policies, with.InputSchema)...)
	checked := typedCompiler(allowed, with)
	checked.Compile(typedModules(modules, with))
	if mistakes := describeTypeErrors(checked.Errors); len(mistakes) > 0 {
		return linted{sorted(append(found, mistakes...))}
	}
	// The stages behind the type check are not run where it fails, even over a comparison with null.
	untyped := ast.NewCompiler().WithCapabilities(allowed).SetErrorLimit(0)
	untyped.Compile(copyModules(modules))
	found = append(found, lintReach(untyped, asked.Entrypoints, with.TestModules)...)
	found = append(found, lintRuleNames(untyped, asked.Entrypoints)...)
	found = append(found, lintUnused(policies, allowed)...)
	return linted{sorted(found)}
}

func typedCompiler(allowed *ast.Capabilities, with lintRequest) *ast.Compiler {
	checked := ast.NewCompiler().WithCapabilities(allowed).SetErrorLimit(0).WithUseTypeCheckAnnotations(true)
	if with.InputSchema != nil {
		schemas := ast.NewSchemaSet()
		schemas.Put(ast.SchemaRootRef, with.InputSchema)
		checked = checked.WithSchemas(schemas)
	}
	return checked
}

// typedModules carry the schema of data.parameters as an annotation of each package: OPA takes no other schema of data.
// The author's own schema annotations name files that nobody gives here, so they are left out.
func typedModules(modules map[string]*ast.Module, with lintRequest) map[string]*ast.Module {
	copied := copyModules(modules)
	annotated := map[string]bool{}
	for _, file := range sortedKeys(copied) {
		module := copied[file]
		module.Annotations = nil
		for _, rule := range module.Rules {
			rule.Annotations = nil
		}
		name := module.Package.Path.String()
		if with.Parameters == nil || slices.Contains(with.TestModules, file) || annotated[name] {
			continue
		}
		annotated[name] = true
		annotate(module, *with.Parameters)
	}
	return copied
}

// annotate puts an annotated package in the place of the module's: only parsing ties an annotation to its package.
func annotate(module *ast.Module, parameters []string) {
	// Without any property OPA would take the object for an open one.
	properties := map[string]any{"": map[string]any{}}
	for _, name := range parameters {
		properties[name] = map[string]any{}
	}
	schema, err := json.Marshal(map[string]any{"type": "object", "properties": properties})
	if err != nil {
		panic(err)
	}
	source := "# METADATA\n# schemas:\n#   - data.parameters: " + string(schema) + "\n" + module.Package.String() + "\n"
	options := ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true}
	annotated := ast.MustParseModuleWithOpts(source, options)
	annotated.Package.Location = module.Package.Location
	module.Package, module.Annotations = annotated.Package, annotated.Annotations
}

func describeTypeErrors(errs ast.Errors) []finding {
	found := make([]finding, 0, len(errs))
	for _, err := range errs {
		if comparesWithNull(err) {
			continue
		}
		described := finding{sourceError: describeOne(err), Severity: "error", OneOf: []string{}}
		if detail, ok := err.Details.(*ast.RefErrInvalidDetail); ok {
			described.refine(detail)
		}
		found = append(found, described)
	}
	return found
}

// comparesWithNull tells the one mismatch that is none: the schema says of what may be null that it never is.
func comparesWithNull(err *ast.Error) bool {
	detail, ok := err.Details.(*ast.UnificationErrDetail)
	return ok && (types.Compare(detail.Left, types.Nl) == 0 || types.Compare(detail.Right, types.Nl) == 0)
}

// refine says of a field that is not there which one it is and which there are, where that is known.
func (f *finding) refine(detail *ast.RefErrInvalidDetail) {
	element := detail.Ref[detail.Pos]
	name, ok := element.Value.(ast.String)
	if !ok || len(detail.OneOf) == 0 {
		return
	}
	if at := element.Location; at != nil && at.File == f.File {
		f.Line, f.Column = at.Row, at.Col
	}
	f.Have = string(name)
	for _, value := range detail.OneOf {
		if allowed, ok := value.(ast.String); ok && allowed != "" {
			f.OneOf = append(f.OneOf, string(allowed))
		}
	}
	sort.Strings(f.OneOf)
	f.Code = "unknown_field"
	if detail.Ref.HasPrefix(ast.MustParseRef("data.parameters")) {
		f.Code = "unknown_parameter"
	}
	f.Message = detail.Ref[:detail.Pos+1].String() + " is not there"
}

// lintReach is about what rules reach, through others: rules that no output reads, and outputs that read no fact.
func lintReach(checked *ast.Compiler, entrypoints, tests []string) []finding {
	found := []finding{}
	reached := map[string]bool{}
	for _, entrypoint := range entrypoints {
		for _, name := range outputs {
			for _, rule := range checked.GetRules(ast.MustParseRef("data." + entrypoint + "." + name)) {
				visitReached(checked, rule, reached)
			}
		}
	}
	for _, file := range sortedKeys(checked.Modules) {
		if slices.Contains(tests, file) {
			continue
		}
		for _, rule := range checked.Modules[file].Rules {
			path := pathOf(rule)
			name := path[strings.LastIndex(path, ".")+1:]
			if !reached[path] && !rule.Default {
				reached[path] = true // told once
				unread := warning(rule.Location, "unreachable-rule", name+" decides nothing: none of allow, deny, require and warn reads it")
				unread.Have, unread.OneOf = name, outputs
				found = append(found, unread)
			}
			if isAllow(path, entrypoints) && !readsFact(checked, rule) {
				found = append(found, warning(rule.Location, "allow-without-fact",
					"this allow reads no metric, verified fact, champion, submitter or parameter, so it approves versions of any quality: compare one of them in it"))
			}
		}
	}
	return found
}

// lintRuleNames finds what reads a rule that the policy does not have: a test of it would fail without saying why.
func lintRuleNames(checked *ast.Compiler, entrypoints []string) []finding {
	found := []finding{}
	for _, entrypoint := range entrypoints {
		root := ast.MustParseRef("data." + entrypoint)
		names := namesBelow(checked, root)
		for _, file := range sortedKeys(checked.Modules) {
			ast.WalkRefs(checked.Modules[file], func(ref ast.Ref) bool {
				if len(ref) <= len(root) || !ref.HasPrefix(root) {
					return false
				}
				term := ref[len(root)]
				name, ok := term.Value.(ast.String)
				if ok && term.Location != nil && !slices.Contains(names, string(name)) {
					unknown := mistake(term.Location, "unknown_rule", "the policy has no rule "+string(name))
					unknown.Have, unknown.OneOf = string(name), names
					found = append(found, unknown)
				}
				return false
			})
		}
	}
	return found
}

func namesBelow(checked *ast.Compiler, root ast.Ref) []string {
	names := slices.Clone(outputs)
	for _, module := range checked.Modules {
		for _, rule := range module.Rules {
			ref := rule.Ref()
			if len(ref) <= len(root) || !ref.HasPrefix(root) {
				continue
			}
			if name, ok := ref[len(root)].Value.(ast.String); ok && !slices.Contains(names, string(name)) {
				names = append(names, string(name))
			}
		}
	}
	sort.Strings(names)
	return names
}

func isAllow(path string, entrypoints []string) bool {
	return slices.ContainsFunc(entrypoints, func(entrypoint string) bool { return path == "data."+entrypoint+".allow" })
}

func visitReached(checked *ast.Compiler, rule *ast.Rule, reached map[string]bool) {
	seen := map[*ast.Rule]bool{}
	var visit func(*ast.Rule)
	visit = func(rule *ast.Rule) {
		for each := rule; each != nil; each = each.Else {
			if seen[each] {
				continue
			}
			seen[each] = true
			reached[pathOf(each)] = true
			for dependency := range checked.Graph.Dependencies(each) {
				if next, ok := dependency.(*ast.Rule); ok {
					visit(next)
				}
			}
		}
	}
	visit(rule)
}

var facts = []ast.Ref{
	ast.MustParseRef("input.modelVersion.spec.metrics"),
	ast.MustParseRef("input.verified"),
	ast.MustParseRef("input.champion"),
	ast.MustParseRef("input.submitter"),
	ast.MustParseRef("data"),
}

func readsFact(checked *ast.Compiler, rule *ast.Rule) bool {
	refs, err := dependencies.Base(checked, rule)
	if err != nil {
		return true // nothing is known, so nothing is said
	}
	return slices.ContainsFunc(refs, func(ref ast.Ref) bool {
		return slices.ContainsFunc(facts, func(fact ast.Ref) bool { return ref.HasPrefix(fact) || fact.HasPrefix(ref) })
	})
}

// lintUnused takes of OPA's strict mode what it says of names that nobody uses.
func lintUnused(policies map[string]*ast.Module, allowed *ast.Capabilities) []finding {
	strict := ast.NewCompiler().WithCapabilities(allowed).SetErrorLimit(0).WithStrict(true)
	strict.Compile(copyModules(policies))
	found := []finding{}
	for _, err := range strict.Errors {
		if strings.HasSuffix(err.Message, "unused") || strings.Contains(err.Message, "unused argument") {
			found = append(found, warning(err.Location, "unused-name", err.Message+": remove it, or write _"))
		}
	}
	return found
}

func withoutTests(modules map[string]*ast.Module, tests []string) map[string]*ast.Module {
	kept := map[string]*ast.Module{}
	for file, module := range modules {
		if !slices.Contains(tests, file) {
			kept[file] = module
		}
	}
	return kept
}

func pathOf(rule *ast.Rule) string { return rule.Ref().GroundPrefix().String() }

func warning(at *ast.Location, code, message string) finding {
	return place(at, "warning", code, message)
}

func mistake(at *ast.Location, code, message string) finding {
	return place(at, "error", code, message)
}

func place(at *ast.Location, severity, code, message string) finding {
	return finding{sourceError{at.File, at.Row, at.Col, code, message}, severity, "", []string{}}
}

func sorted(found []finding) []finding {
	slices.SortStableFunc(found, func(a, b finding) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return found
}
