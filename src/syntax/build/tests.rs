//! What the tree says about a text: conditions and values in full, everything else by the corpus and the resolver.

use crate::base::FileId;
use crate::syntax::parse;
use crate::syntax::tree::{
    BlockItem, ClauseKind, Condition, Expr, ExprKind, HeadClause, Item, Operand, OperandKind, Place, Plan, Rung, Step,
};

fn plan(text: &str) -> Plan<'_> {
    let (file, diagnostics) = parse(FileId(0), text);
    assert_eq!(diagnostics, []);
    match file.items.into_iter().next() {
        Some(Item::Plan(plan)) => plan,
        other => panic!("{other:?}"),
    }
}

fn step<'t, 's>(item: &'t BlockItem<'s>) -> &'t Step<'s> {
    match item {
        BlockItem::Step(step) => step,
        other => panic!("{other:?}"),
    }
}

/// A condition with all its structure.
fn expr(e: &Expr<'_>) -> String {
    let all = |exprs: &[Expr<'_>]| exprs.iter().map(expr).collect::<Vec<_>>().join(" ");
    match &e.kind {
        ExprKind::Or(sides) => format!("(or {})", all(sides)),
        ExprKind::And(terms) => format!("(and {})", all(terms)),
        ExprKind::Not(inner) => format!("(not {})", expr(inner)),
        ExprKind::Quantified { some, var, set, body } => {
            format!("({} {} {} {})", if *some { "some" } else { "every" }, var.text, operand(set), expr(body))
        }
        ExprKind::Is { subject, negated, options } => {
            let options: Vec<_> = options.iter().map(|option| option.text).collect();
            format!("({} {} {})", if *negated { "is-not" } else { "is" }, operand(subject), options.join("|"))
        }
        ExprKind::On { subject, place, nowhere } => {
            let place = match place {
                Some(Place::Node(path)) => path.names.iter().map(|name| name.text).collect::<Vec<_>>().join("."),
                Some(Place::AnyOf(set)) => format!("any:{}", operand(set)),
                None => String::new(),
            };
            format!("(on {} {place}{})", operand(subject), if *nowhere { "|nowhere" } else { "" })
        }
        ExprKind::Include { subject, what } => format!("(include {} {})", operand(subject), what.text),
        ExprKind::Agree { subject, field } => format!("(agree {} {})", operand(subject), field.text),
        ExprKind::Outcome { step, succeeded } => {
            format!("({} {})", if *succeeded { "ok" } else { "not-ok" }, step.text)
        }
        ExprKind::Compare { left, op, right } => format!("({op:?} {} {})", operand(left), operand(right)),
        ExprKind::Operand(value) => operand(value),
    }
}

fn operand(o: &Operand<'_>) -> String {
    match &o.kind {
        OperandKind::Text(text) => format!("{:?}", text.raw),
        OperandKind::Number(number) => number.to_string(),
        OperandKind::Duration(ms) => format!("{ms}ms"),
        OperandKind::Path(path) => path.names.iter().map(|name| name.text).collect::<Vec<_>>().join("."),
        OperandKind::List(values) => format!("[{}]", values.iter().map(operand).collect::<Vec<_>>().join(" ")),
        OperandKind::Call(call) => {
            let arg = |(label, value): &(Option<crate::syntax::tree::Name<'_>>, Operand<'_>)| {
                label.map_or(String::new(), |label| format!("{}:", label.text)) + &operand(value)
            };
            format!("{}({})", call.name.text, call.args.iter().map(arg).collect::<Vec<_>>().join(" "))
        }
        OperandKind::Group(inner) => format!("<{}>", expr(inner)),
        OperandKind::Except(left, right) => format!("({} - {})", operand(left), operand(right)),
        OperandKind::IfThen(condition, yes, no) => {
            format!("({} ? {} : {})", expr(condition), operand(yes), operand(no))
        }
    }
}

#[test]
fn conditions_mean_what_they_read() {
    let cases = [
        ("a and b or not c and d", "(or (and a b) (and (not c) d))"),
        ("not not a is up", "(not (not (is a up)))"),
        ("a is up or down or b is up or c", "(or (is a up|down) (is b up|c))"),
        ("a is up or b.c is up", "(or (is a up) (is b.c up))"),
        ("a is up or check[b].c succeeded", "(or (is a up) (ok check[b].c))"),
        ("a is up or ready(b)", "(or (is a up) ready(b))"),
        ("a is up or b on c", "(or (is a up) (on b c))"),
        ("a is up or b include c", "(or (is a up) (include b c))"),
        ("a is up or b == c", "(or (is a up) (Equal b c))"),
        ("a is up or (b)", "(or (is a up) <b>)"),
        ("a are not up or down", "(is-not a up|down)"),
        ("a on b or nowhere", "(on a b|nowhere)"),
        ("a on b or c on nowhere", "(or (on a b) (on c |nowhere))"),
        ("a on any of b except c or nowhere", "(on a any:(b - c)|nowhere)"),
        ("every a in b except c except d: a is up and e", "(every a ((b - c) - d) (and (is a up) e))"),
        ("each a in [b, c,]: some d in a: d agree on e", "(every a [b c] (some d a (agree d e)))"),
        ("stop did not succeed or stop succeeded", "(or (not-ok stop) (ok stop))"),
        ("a >= \"2.1\" and b < 3 and c <= 2m30s", "(and (AtLeast a \"2.1\") (Less b 3) (AtMost c 150000ms))"),
        ("f(a, b: if c then d else e, 3) != g", "(NotEqual f(a b:(c ? d : e) 3) g)"),
        ("(a or b) and c", "(and <(or a b)> c)"),
    ];
    for (text, expected) in cases {
        let text = format!("plan p() {{ step s {{ only if {text} # and a comment\n }} }}");
        let plan = plan(&text);
        let ClauseKind::When(Condition::OnlyIf(condition)) = &step(&plan.body[0]).clauses[0].kind else { panic!() };
        assert_eq!(expr(condition), expected);
    }
}

#[test]
fn a_comment_after_a_value_is_no_part_of_it() {
    for end in ["# c\n", "# c \t\n", "# c\r\n", " \u{b}# c \r\n # d\n\n"] {
        let text = format!("plan p() {{ step s {{ within 5m {end} }} }}");
        let plan = plan(&text);
        let ClauseKind::Within(limit, _) = &step(&plan.body[0]).clauses[0].kind else { panic!() };
        assert_eq!(operand(limit), "300000ms", "{end:?}");
    }
}

#[test]
fn a_condition_before_an_include_does_not_swallow_it() {
    let plan = plan("plan p() { given a is up or down include b(c) phase q { only if d include e() } }");
    assert!(matches!(&plan.body[0], BlockItem::Include(call) if call.name.text == "b"));
    let BlockItem::Phase(phase) = &plan.body[1] else { panic!() };
    assert_eq!((phase.block.conditions.len(), phase.block.items.len()), (1, 1));
}

#[test]
fn rungs_belong_to_the_step_that_began_the_ladder() {
    let plan = plan(
        "plan p() {
           step a {} otherwise step b {} otherwise { step c {} otherwise step d {} } otherwise assume e \"f\"
           finally { step g {} }
           phase h { } otherwise phase i { }
         }",
    );
    let names = |rung: &Rung<'_>| rung.block.items.len();
    let a = step(&plan.body[0]);
    assert_eq!(a.otherwise.iter().map(names).collect::<Vec<_>>(), [1, 1, 1]);
    assert!(a.finally.is_some());
    assert!(step(&a.otherwise[0].block.items[0]).otherwise.is_empty());
    assert_eq!(step(&a.otherwise[1].block.items[0]).otherwise.len(), 1);
    let BlockItem::Phase(phase) = &plan.body[1] else { panic!() };
    assert_eq!(phase.otherwise.len(), 1);
}

#[test]
fn places_end_with_the_last_token() {
    let text = "plan p(a: node) \"t\" { # one
        given a is up # two
        # three
        step 7 s on each of a.b # four
        { # five
          do f(a) # six
          within 5m # seven
          , then kill # eight
        } # nine
        # ten
        otherwise assume a is down \"x\" # eleven
      } # twelve";
    let (file, diagnostics) = parse(FileId(0), text);
    assert_eq!(diagnostics, []);
    assert_eq!(file.comments.len(), 12);
    let Item::Plan(plan) = &file.items[0] else { panic!() };
    let under = |span: crate::base::Span| &text[span.start as usize..span.end as usize];
    assert!(under(plan.span).ends_with("eleven\n      }"));
    let HeadClause::Given(given) = &plan.head[0] else { panic!() };
    assert_eq!(under(given[0].span), "a is up");
    let step = step(&plan.body[0]);
    assert!(under(step.span).starts_with("step 7") && under(step.span).ends_with("eight\n        }"));
    assert_eq!(step.number.map(|(number, span)| (number, under(span))), Some((7, "7")));
    assert_eq!(step.target.as_ref().map(|target| under(target.span)), Some("each of a.b"));
    assert_eq!(under(step.clauses[0].span), "do f(a)");
    assert!(under(step.clauses[1].span).ends_with(", then kill"));
    assert_eq!(under(step.otherwise[0].span), "otherwise assume a is down \"x\"");
}

#[test]
fn a_mistake_costs_its_clause_and_no_more() {
    let text = "kind k { a: string
        oops
        states b, c }
      plan p() {
        step a { do one()
          oops if x
          do two() }
        step 1 2 b { do three() }
        phase q { step c { tell } step d { tell \"x\" } }
        step e { run \"\\q\" }
      }
      node n { x = 1 }";
    let (file, diagnostics) = parse(FileId(0), text);
    assert_eq!(diagnostics.len(), 5);
    assert!(file.incomplete);
    let Item::Kind(kind) = &file.items[0] else { panic!() };
    assert_eq!((kind.fields.len(), kind.states.len()), (1, 2));
    let Item::Plan(plan) = &file.items[1] else { panic!() };
    assert_eq!(plan.body.len(), 3);
    assert_eq!(step(&plan.body[0]).clauses.len(), 2);
    let BlockItem::Phase(phase) = &plan.body[1] else { panic!() };
    assert_eq!(phase.block.items.len(), 2);
    assert!(matches!(&file.items[2], Item::Entity(entity) if entity.attrs.len() == 1));
}

#[test]
fn what_does_not_parse_is_no_part_of_what_is_before_it() {
    let text = "plan p() {\n  let a = b.c # d\n  given d.\n}";
    let (file, diagnostics) = parse(FileId(0), text);
    assert_eq!(diagnostics.len(), 1);
    let Some(Item::Plan(plan)) = file.items.first() else { panic!("{:?}", file.items) };
    let [HeadClause::Let(_, value)] = plan.head.as_slice() else { panic!("{:?}", plan.head) };
    assert_eq!(operand(value), "b.c");
    assert_eq!(&text[value.span.start as usize..value.span.end as usize], "b.c");
}
