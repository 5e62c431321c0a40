package main

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

type instrumentRequest struct {
	// Untraced names those of the modules that are left as they are: tests.
	Untraced []string `json:"untraced"`
}

// site is a place that evaluation passes on its way through a rule's body: before an expression, or behind the last.
type site struct {
	// Rule is an index into the rules.
	Rule int `json:"rule"`
	// Expression is what comes next; null behind the last one.
	Expression *tracedExpression `json:"expression"`
}

type tracedExpression struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	EndLine int    `json:"endLine"`
	Text    string `json:"text"`
	Negated bool   `json:"negated"`
	// Operator is of a comparison, as OPA names it; else empty.
	Operator string `json:"operator"`
	// Terms are the sources of what is reported: of a comparison its two operands first, then what is read.
	Terms []string `json:"terms"`
}

type tracedRule struct {
	// Path below data.
	Path   []string `json:"path"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Column int      `json:"column"`
	// Text is the rule's source.
	Text string `json:"text"`
}

type instrumented struct {
	Builtins []string     `json:"builtins"`
	Reads    []string     `json:"reads"`
	Rules    []tracedRule `json:"rules"`
	Sites    []site       `json:"sites"`
}

// trace is called with the number of a site and, for each of its terms, an array of the value or an empty one.
var trace = &ast.Builtin{
	Name: "assent.trace",
	Decl: types.NewFunction(types.Args(types.N, types.A), types.B),
}

// instrumentPolicy compiles a policy that tells its host how far each rule came, and from which values. It decides as
// the policy does; only the operator's policies never hold such calls, as there is no such builtin for them.
func instrumentPolicy(asked compileRequest, with instrumentRequest) (any, []byte) {
	allowed := capabilities(asked.HostBuiltins)
	modules, errs := parseModules(asked, allowed)
	if len(errs) > 0 {
		return failed{errs}, nil
	}
	writer := tracer{globals: globalNames(modules), rules: []tracedRule{}, sites: []site{}}
	for _, file := range sortedKeys(modules) {
		if slices.Contains(with.Untraced, file) {
			continue
		}
		for _, rule := range modules[file].Rules {
			writer.trace(rule)
		}
	}
	allowed.Builtins = append(allowed.Builtins, trace)
	result, wasm := buildParsed(modules, asked, allowed)
	built, ok := result.(compiled)
	if !ok {
		return result, nil
	}
	return instrumented{built.Builtins, built.Reads, writer.rules, writer.sites}, wasm
}

// globalNames are what a body can read without having bound it.
func globalNames(modules map[string]*ast.Module) []ast.Var {
	names := []ast.Var{ast.InputRootDocument.Value.(ast.Var), ast.DefaultRootDocument.Value.(ast.Var)}
	for _, module := range modules {
		for _, rule := range module.Rules {
			if name, ok := rule.Head.Ref()[0].Value.(ast.Var); ok && len(rule.Head.Args) == 0 {
				names = append(names, name)
			}
		}
		for _, imported := range module.Imports {
			names = append(names, imported.Name())
		}
	}
	return names
}

type tracer struct {
	globals []ast.Var
	rules   []tracedRule
	sites   []site
}

func (t *tracer) trace(rule *ast.Rule) {
	if rule.Default {
		return
	}
	for each := rule; each != nil; each = each.Else {
		at := each.Location
		t.rules = append(t.rules, tracedRule{namesOf(rule.Ref().GroundPrefix()), at.File, at.Row, at.Col, string(at.Text)})
		bound := varsOf(each.Head.Args)
		body := ast.Body{}
		for _, expr := range each.Body {
			// A rule without a body has one that says true.
			if !isGenerated(expr, each) {
				body.Append(t.before(expr, bound))
			}
			body.Append(expr)
			bound = append(bound, bindings(expr)...)
		}
		body.Append(t.behind(at))
		each.Body = body
	}
}

func isGenerated(expr *ast.Expr, rule *ast.Rule) bool {
	term, ok := expr.Terms.(*ast.Term)
	return ok && len(rule.Body) == 1 && term.Value.Compare(ast.Boolean(true)) == 0
}

func (t *tracer) before(expr *ast.Expr, bound []ast.Var) *ast.Expr {
	at := expr.Location
	text := string(at.Text)
	traced := &tracedExpression{
		Line: at.Row, Column: at.Col, EndLine: at.Row + strings.Count(text, "\n"),
		Text: text, Negated: expr.Negated, Terms: []string{},
	}
	reported := []*ast.Term{}
	report := func(term *ast.Term) {
		text := sourceOf(term)
		// Behind `with` the same term would have another value.
		if len(expr.With) == 0 && text != "" && !slices.Contains(traced.Terms, text) && t.isKnown(term, bound) {
			traced.Terms = append(traced.Terms, text)
			reported = append(reported, term)
		}
	}
	if terms, ok := expr.Terms.([]*ast.Term); ok && slices.Contains(comparisons, terms[0].Value.String()) && len(terms) == 3 {
		report(terms[1])
		report(terms[2])
		if len(reported) == 2 {
			traced.Operator = terms[0].Value.String()
		}
	}
	for _, term := range readsOf(expr) {
		report(t.knownPrefix(term, bound))
	}
	t.sites = append(t.sites, site{len(t.rules) - 1, traced})
	return t.call(reported, at)
}

func (t *tracer) behind(at *ast.Location) *ast.Expr {
	t.sites = append(t.sites, site{Rule: len(t.rules) - 1})
	return t.call(nil, at)
}

// call reports the values of terms as arrays of one, as a term without a value would end the body.
func (t *tracer) call(terms []*ast.Term, at *ast.Location) *ast.Expr {
	values := make([]*ast.Term, 0, len(terms))
	for _, term := range terms {
		value := ast.VarTerm("assent_traced_value")
		values = append(values, ast.ArrayComprehensionTerm(value, ast.NewBody(ast.Assign.Expr(value.Copy(), term.Copy()))))
	}
	expr := trace.Expr(ast.IntNumberTerm(len(t.sites)-1), ast.ArrayTerm(values...))
	expr.Location = at
	ast.WalkTerms(expr, func(term *ast.Term) bool {
		term.Location = at
		return false
	})
	ast.WalkExprs(expr, func(inner *ast.Expr) bool {
		inner.Location = at
		return false
	})
	return expr
}

// isKnown tells whether a term has a value without binding anything.
func (t *tracer) isKnown(term *ast.Term, bound []ast.Var) bool {
	known := true
	ast.WalkTerms(term, func(inner *ast.Term) bool {
		switch value := inner.Value.(type) {
		case ast.Call:
			for _, operand := range value[1:] {
				known = known && t.isKnown(operand, bound)
			}
			return true
		case ast.Var:
			known = known && (slices.Contains(bound, value) || slices.Contains(t.globals, value))
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, *ast.TemplateString:
			known = false
			return true
		}
		return !known
	})
	return known
}

// knownPrefix cuts a reference where it begins to bind.
func (t *tracer) knownPrefix(term *ast.Term, bound []ast.Var) *ast.Term {
	ref, ok := term.Value.(ast.Ref)
	if !ok {
		return term
	}
	for length := len(ref); length > 1; length-- {
		prefix := ast.NewTerm(ref[:length])
		if length == len(ref) {
			prefix.Location = term.Location
		}
		if t.isKnown(prefix, bound) {
			return prefix
		}
	}
	return ref[0]
}

// readsOf are the references and variables of an expression, without those of closures.
func readsOf(expr *ast.Expr) []*ast.Term {
	found := []*ast.Term{}
	var visit func(term *ast.Term)
	visit = func(term *ast.Term) {
		switch value := term.Value.(type) {
		case ast.Ref, ast.Var:
			found = append(found, term)
		case ast.Call:
			for _, operand := range value[1:] {
				visit(operand)
			}
		case *ast.Array:
			value.Foreach(visit)
		case ast.Set:
			value.Foreach(visit)
		case ast.Object:
			value.Foreach(func(key, item *ast.Term) { visit(key); visit(item) })
		}
	}
	switch terms := expr.Terms.(type) {
	case *ast.Term:
		visit(terms)
	case []*ast.Term:
		for _, operand := range terms[1:] {
			visit(operand)
		}
	case *ast.SomeDecl:
		for _, symbol := range terms.Symbols {
			if call, ok := symbol.Value.(ast.Call); ok {
				visit(call[len(call)-1])
			}
		}
	case *ast.Every:
		visit(terms.Domain)
	}
	return found
}

func varsOf(terms []*ast.Term) []ast.Var {
	found := []ast.Var{}
	for _, term := range terms {
		ast.WalkVars(term, func(name ast.Var) bool {
			found = append(found, name)
			return false
		})
	}
	return found
}

// bindings are the variables that have a value behind an expression.
func bindings(expr *ast.Expr) []ast.Var {
	found := []ast.Var{}
	if expr.Negated {
		return found
	}
	add := func(node any) {
		visitor := ast.NewVarVisitor().WithParams(ast.VarVisitorParams{SkipClosures: true, SkipRefCallHead: true})
		visitor.Walk(node)
		for name := range visitor.Vars() {
			found = append(found, name)
		}
	}
	switch terms := expr.Terms.(type) {
	case *ast.SomeDecl:
		for _, symbol := range terms.Symbols {
			if _, declared := symbol.Value.(ast.Var); !declared {
				add(symbol)
			}
		}
	case *ast.Every:
		add(terms.Domain)
	default:
		add(expr)
	}
	return found
}

// sourceOf is a term as it was written, as far as that is known.
func sourceOf(term *ast.Term) string {
	if term.Location != nil && len(term.Location.Text) > 0 {
		if _, ok := term.Value.(ast.Var); !ok {
			return string(term.Location.Text)
		}
	}
	return term.Value.String()
}
