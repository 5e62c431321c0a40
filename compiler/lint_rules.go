package main

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

var comparisons = []string{"gt", "gte", "lt", "lte", "equal", "neq"}

var (
	metricsRef    = ast.MustParseRef("input.modelVersion.spec.metrics")
	parametersRef = ast.MustParseRef("input.modelVersion.spec.parameters")
)

// lintSyntax is about what stands in the sources, before the compiler rewrites it.
func lintSyntax(policies map[string]*ast.Module, entrypoints []string) []finding {
	found := []finding{}
	for _, file := range sortedKeys(policies) {
		module := policies[file]
		for _, rule := range module.Rules {
			// Elsewhere a rule of such a name is any other rule.
			if slices.Contains(entrypoints, strings.TrimPrefix(module.Package.Path.String(), "data.")) {
				found = append(found, lintOutput(rule)...)
			}
		}
		integers := integersOf(module)
		ast.WalkTerms(module, func(term *ast.Term) bool {
			if call, ok := term.Value.(ast.Call); ok {
				found = append(found, lintCall(call, term.Location, integers)...)
			}
			return false
		})
		ast.WalkExprs(module, func(expr *ast.Expr) bool {
			if terms, ok := expr.Terms.([]*ast.Term); ok && expr.IsCall() {
				found = append(found, lintCall(terms, expr.Location, integers)...)
			}
			return false
		})
	}
	return found
}

func lintCall(call []*ast.Term, at *ast.Location, integers []ast.Var) []finding {
	name := call[0].Value.String()
	operands := call[1:]
	switch {
	case slices.Contains(comparisons, name) && len(operands) >= 2:
		return lintComparison(operands[0], operands[1], at, integers)
	case name == "sprintf" && len(operands) >= 2:
		_, constant := operands[0].Value.(ast.String)
		_, listed := operands[1].Value.(*ast.Array)
		if constant && listed {
			return []finding{warning(at, "sprintf", `write a template string, $"… {value} …": it costs half of what sprintf does`)}
		}
	}
	return nil
}

func lintComparison(left, right *ast.Term, at *ast.Location, integers []ast.Var) []finding {
	found := []finding{}
	if (subtracts(left, integers) || subtracts(right, integers)) && !isSet(left) && !isSet(right) {
		found = append(found, warning(at, "decimal-subtraction",
			"a difference is compared: where tests run on binary floats (native OPA), 0.93 - 0.92 is not 0.01; compare sums, such as candidate >= champion + 0.01, or round() the difference"))
	}
	for _, pair := range [][2]*ast.Term{{left, right}, {right, left}} {
		if isBelow(pair[0], parametersRef) && isNumber(pair[1]) {
			found = append(found, warning(at, "text-compared-with-number",
				"spec.parameters are texts, and every text is greater than every number: write to_number("+pair[0].String()+")"))
		}
		if isBelow(pair[0], metricsRef) && isText(pair[1]) {
			found = append(found, warning(at, "number-compared-with-text",
				"spec.metrics are numbers, and every number is less than every text: leave the quotes out"))
		}
	}
	return found
}

// lintOutput refuses an output whose result the decision could not read: that would be an error of every evaluation.
func lintOutput(rule *ast.Rule) []finding {
	name := rule.Head.Ref()[0].Value.String()
	if !slices.Contains(outputs, name) || rule.Default {
		return nil
	}
	if rule.Head.RuleKind() != ast.MultiValue || len(rule.Head.Ref()) > 1 {
		holds := `"…"`
		if name == "require" {
			holds = `{"approvers": […]}`
		}
		return []finding{mistake(rule.Location, "output-is-no-set", name+" must be a set: write `"+name+" contains "+holds+" if …`")}
	}
	key := rule.Head.Key
	if name == "require" {
		return lintRequirement(key)
	}
	switch key.Value.(type) {
	case ast.String, ast.Var, ast.Ref, ast.Call, *ast.TemplateString:
		return nil
	}
	return []finding{mistake(key.Location, "output-is-no-message", name+" must hold messages: write `"+name+" contains \"…\" if …`")}
}

var requirementFields = []string{"approvers", "count", "reason"}

func lintRequirement(key *ast.Term) []finding {
	switch value := key.Value.(type) {
	case ast.Object:
		found := []finding{}
		value.Foreach(func(field, content *ast.Term) {
			found = append(found, lintRequirementField(field, content)...)
		})
		return found
	case ast.Var, ast.Ref, ast.Call:
		return nil
	default:
		return []finding{mistake(key.Location, "output-is-no-requirement", "require must hold objects: write `require contains {\"approvers\": […]} if …`")}
	}
}

func lintRequirementField(field, content *ast.Term) []finding {
	name, ok := field.Value.(ast.String)
	if !ok {
		return nil
	}
	if !slices.Contains(requirementFields, string(name)) {
		unknown := mistake(field.Location, "unknown_field", "a requirement has no "+string(name))
		unknown.Have, unknown.OneOf = string(name), requirementFields
		return []finding{unknown}
	}
	if name == "approvers" {
		if text, ok := content.Value.(ast.String); ok {
			return []finding{mistake(content.Location, "approvers-are-no-list", "approvers is a list, always: write ["+text.String()+"]")}
		}
	}
	return nil
}

func subtracts(term *ast.Term, integers []ast.Var) bool {
	call, ok := term.Value.(ast.Call)
	if !ok {
		return false
	}
	inner := func(operand *ast.Term) bool { return subtracts(operand, integers) }
	switch call[0].Value.String() {
	case "minus":
		exact := func(operand *ast.Term) bool { return isSet(operand) || isInteger(operand, integers) }
		return !slices.ContainsFunc(call[1:], exact)
	case "abs", "plus", "mul", "div":
		return slices.ContainsFunc(call[1:], inner)
	default:
		return false
	}
}

// isInteger tells of what counts, in things or in nanoseconds: such differences are exact in floats too.
func isInteger(term *ast.Term, integers []ast.Var) bool {
	switch value := term.Value.(type) {
	case ast.Call:
		name := value[0].Value.String()
		return name == "count" || strings.HasPrefix(name, "time.")
	case ast.Var:
		return slices.Contains(integers, value)
	}
	return false
}

// integersOf are the names that stand for such a value.
func integersOf(module *ast.Module) []ast.Var {
	found := []ast.Var{}
	for _, rule := range module.Rules {
		if name, ok := rule.Head.Ref()[0].Value.(ast.Var); ok && rule.Head.Value != nil && isInteger(rule.Head.Value, nil) {
			found = append(found, name)
		}
	}
	ast.WalkExprs(module, func(expr *ast.Expr) bool {
		if terms, ok := expr.Terms.([]*ast.Term); ok && expr.IsAssignment() && isInteger(terms[2], nil) {
			if name, ok := terms[1].Value.(ast.Var); ok {
				found = append(found, name)
			}
		}
		return false
	})
	return found
}

func isSet(term *ast.Term) bool {
	switch value := term.Value.(type) {
	case ast.Set, *ast.SetComprehension:
		return true
	case ast.Call:
		return strings.HasPrefix(value.String(), "set(") || (value[0].Value.String() == "minus" && slices.ContainsFunc(value[1:], isSet))
	}
	return false
}

func isBelow(term *ast.Term, prefix ast.Ref) bool {
	ref, ok := term.Value.(ast.Ref)
	return ok && len(ref) > len(prefix) && ref.HasPrefix(prefix)
}

func isNumber(term *ast.Term) bool { _, ok := term.Value.(ast.Number); return ok }

func isText(term *ast.Term) bool { _, ok := term.Value.(ast.String); return ok }

// lintValues finds what is compared with a text that it never is, where the schema lists the texts that it may be.
func lintValues(policies map[string]*ast.Module, schema any) []finding {
	found := []finding{}
	for _, file := range sortedKeys(policies) {
		ast.WalkExprs(policies[file], func(expr *ast.Expr) bool {
			terms, ok := expr.Terms.([]*ast.Term)
			if !ok || len(terms) != 3 || !slices.Contains([]string{"equal", "neq", "eq"}, terms[0].Value.String()) {
				return false
			}
			for _, pair := range [][2]*ast.Term{{terms[1], terms[2]}, {terms[2], terms[1]}} {
				text, isText := pair[1].Value.(ast.String)
				values := enumOf(schema, pair[0])
				if isText && len(values) > 0 && !slices.Contains(values, string(text)) {
					unknown := mistake(pair[1].Location, "unknown_value", pair[0].String()+" is never "+text.String())
					unknown.Have, unknown.OneOf = string(text), values
					found = append(found, unknown)
				}
			}
			return false
		})
	}
	return found
}

func enumOf(schema any, term *ast.Term) []string {
	ref, ok := term.Value.(ast.Ref)
	if !ok || !ref.HasPrefix(ast.InputRootRef) {
		return nil
	}
	for _, element := range ref[1:] {
		name, ok := element.Value.(ast.String)
		if !ok {
			return nil
		}
		schema = below(below(schema, "properties"), string(name))
	}
	listed, _ := below(schema, "enum").([]any)
	values := make([]string, 0, len(listed))
	for _, each := range listed {
		if value, ok := each.(string); ok {
			values = append(values, value)
		}
	}
	return values
}

func below(schema any, name string) any {
	object, _ := schema.(map[string]any)
	return object[name]
}
