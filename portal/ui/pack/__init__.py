"""Our crispy template pack, `govuk`: what a field must know so that its HTML equals GOV.UK Frontend's."""
