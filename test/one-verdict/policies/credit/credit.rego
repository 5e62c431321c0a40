package approval

card if {
	some entry in input.modelVersion.spec.evidence
	entry.type == "model-card"
}

# assent:allow allow-without-fact
allow contains "a model card is there" if card

deny contains "no model card" if not card

require contains {"approvers": ["group:risk"], "count": 2, "reason": "touches credit decisions"} if {
	input.transition.to == "Production"
}
