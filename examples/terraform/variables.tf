variable "organization" {
  description = "The organization in HCP Terraform or Terraform Enterprise."
  type        = string
}

variable "url" {
  description = "The endpoint: https, the web server's name, and the endpoint's path in planspool.yaml."
  type        = string
}

variable "hmac_key_file" {
  description = "The file that \"planspool keygen hmac\" made, one of hmac_keys of the endpoint."
  type        = string
}

variable "hmac_key_version" {
  description = "To be raised when the key was replaced."
  type        = number
  default     = 1
}

variable "workspaces" {
  description = "The names of the workspaces whose plans are checked."
  type        = set(string)
}

variable "enforcement_level" {
  description = "mandatory: a failed check stops the run. advisory: it is only shown."
  type        = string
  default     = "mandatory"

  validation {
    condition     = contains(["mandatory", "advisory"], var.enforcement_level)
    error_message = "The enforcement level is mandatory or advisory."
  }
}
