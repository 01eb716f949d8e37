# Registers planspool as a run task and attaches it to workspaces:
#
#   terraform apply -var organization=acme -var url=https://planspool.example.com/run-task/prod \
#     -var hmac_key_file=prod.key -var 'workspaces=["network", "shop"]'
#
# planspool.fcgi must be running before: HCP Terraform sends a signed request to the URL when the run task is created, and
# creates it only if that is answered 200. The token comes from TFE_TOKEN or "terraform login"; the provider's hostname is
# that of your Terraform Enterprise, if it is not HCP Terraform. A first try may be advisory: -var enforcement_level=advisory

terraform {
  required_version = ">= 1.11" # write-only arguments

  required_providers {
    tfe = {
      source = "hashicorp/tfe"
    }
  }
}

resource "tfe_organization_run_task" "planspool" {
  organization = var.organization
  name         = "planspool"
  description  = "Policies on plans"
  url          = var.url
  enabled      = true

  # Write-only: the key is sent and stands neither in the plan nor in the state. Raise the version to send another one.
  # Older versions of the provider know only hmac_key = chomp(file(var.hmac_key_file)), which the state keeps.
  hmac_key_wo         = chomp(file(var.hmac_key_file))
  hmac_key_wo_version = var.hmac_key_version
}

data "tfe_workspace" "checked" {
  for_each = var.workspaces

  organization = var.organization
  name         = each.value
}

resource "tfe_workspace_run_task" "planspool" {
  for_each = data.tfe_workspace.checked

  workspace_id      = each.value.id
  task_id           = tfe_organization_run_task.planspool.id
  enforcement_level = var.enforcement_level
  stages            = ["post_plan"]
}
