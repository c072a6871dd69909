/*
 * What tokens and keys look like, from what those who hand them out publish.  Ids, categories and severities are Trivy's where it has the
 * rule, so that reports of both compare equal; those at the end are ours.  An expression begins with what its keyword says, is bounded, and
 * looks behind itself at most by one character.
 */
#include "stages/scanner/secret/secret_rules.h"

#include "stages/evidence.h"

#define L SEVERITY_LOW
#define M SEVERITY_MEDIUM
#define H SEVERITY_HIGH
#define C SEVERITY_CRITICAL
/* No letter or digit right before it. */
#define FREE "(?<![0-9A-Za-z])"
#define UUID(c) c "{8}-" c "{4}-" c "{4}-" c "{4}-" c "{12}"

/* What can be told by its own shape. */
#define SHAPE(id_, category_, title_, severity_, keywords_, pattern_, entropy_)                                                  \
	{ .id = id_,                                                                                                             \
	  .category = category_,                                                                                                 \
	  .title = title_,                                                                                                       \
	  .severity = severity_,                                                                                                 \
	  .keywords = keywords_,                                                                                                 \
	  .pattern = pattern_,                                                                                                   \
	  .entropy = entropy_ },
/* What can only be told by the name that it is given: `acme_secret = "..."`. */
#define NAMED(id_, category_, title_, severity_, keywords_, pattern_, entropy_)                                                  \
	{ .id = id_,                                                                                                             \
	  .category = category_,                                                                                                 \
	  .title = title_,                                                                                                       \
	  .severity = severity_,                                                                                                 \
	  .keywords = keywords_,                                                                                                 \
	  .pattern = pattern_,                                                                                                   \
	  .value = true,                                                                                                         \
	  .entropy = entropy_ },

const struct secret_rule secret_rule_table[] = {
	/* clang-format off */
	SHAPE("aws-access-key-id", "AWS", "AWS Access Key ID", C, "AKIA AGPA AIDA AROA AIPA ANPA ANVA ASIA",
	      FREE "((?:AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA)[A-Z0-9]{16})[\"']?[.,]?(?=\\s|$)", 22)
	SHAPE("aws-secret-access-key", "AWS", "AWS Secret Access Key", C, "aws",
	      "(?i)aws_?(?:sec(?:ret)?)?_?(?:access)?_?key[\"']?\\s*+(?::|=>|=)?\\s*+[\"']?([A-Za-z0-9/+=]{40})[\"']?[.,]?(?=\\s|$)", 32)
	SHAPE("github-pat", "GitHub", "GitHub Personal Access Token", C, "ghp_", FREE "(ghp_[0-9A-Za-z]{36})", 25)
	SHAPE("github-oauth", "GitHub", "GitHub OAuth Access Token", C, "gho_", FREE "(gho_[0-9A-Za-z]{36})", 25)
	SHAPE("github-app-token", "GitHub", "GitHub App Token", C, "ghu_ ghs_", FREE "(gh[us]_[0-9A-Za-z]{36})", 25)
	SHAPE("github-refresh-token", "GitHub", "GitHub Refresh Token", C, "ghr_", FREE "(ghr_[0-9A-Za-z]{76})", 25)
	SHAPE("github-fine-grained-pat", "GitHub", "GitHub Fine-grained personal access tokens", C, "github_pat_",
	      "github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}", 25)
	SHAPE("gitlab-pat", "GitLab", "GitLab Personal Access Token", C, "glpat-", FREE "(glpat-[0-9A-Za-z_-]{20})", 25)
	SHAPE("hugging-face-access-token", "HuggingFace", "Hugging Face Access Token", C, "hf_", FREE "(hf_[0-9A-Za-z]{34,40})", 25)
	SHAPE("private-key", "AsymmetricPrivateKey", "Asymmetric Private Key", H, "-----BEGIN",
	      "(?i)-----BEGIN[ A-Z0-9_-]{0,40}?PRIVATE KEY(?: BLOCK)?\\s*?-----\\s*"
	      "([0-9A-Za-z=+/\\\\][0-9A-Za-z=+/\\\\\\s]{30,}[0-9A-Za-z=+/\\\\])\\s*+-----\\s*END[ A-Z0-9_-]{0,40}? PRIVATE KEY(?: BLOCK)?\\s*-----", 0)
	SHAPE("shopify-token", "Shopify", "Shopify token", H, "shpss_ shpat_ shpca_ shppa_", "shp(?:ss|at|ca|pa)_[0-9a-fA-F]{32}", 22)
	SHAPE("slack-access-token", "Slack", "Slack token", H, "xoxb- xoxa- xoxp- xoxr- xoxs-", FREE "(xox[abprs]-[0-9A-Za-z]{10,48}(?:-[0-9A-Za-z]{1,48}){0,4})", 22)
	SHAPE("stripe-publishable-token", "Stripe", "Stripe Publishable Key", L, "pk_test_ pk_live_", FREE "((?i)pk_(?:test|live)_[0-9a-z]{10,32})", 22)
	SHAPE("stripe-secret-token", "Stripe", "Stripe Secret Key", C, "sk_test_ sk_live_", FREE "((?i)sk_(?:test|live)_[0-9a-z]{10,32})", 22)
	SHAPE("pypi-upload-token", "PyPI", "PyPI upload token", H, "pypi-AgEIcHlwaS5vcmc", "pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,1000}+", 0)
	SHAPE("gcp-service-account", "Google", "Google (GCP) Service-account", C, "\"type\":", "\"type\":[ \\t]{0,8}\"service_account\"", 0)
	NAMED("heroku-api-key", "Heroku", "Heroku API Key", H, "heroku", UUID("[0-9A-F]"), 20)
	SHAPE("slack-web-hook", "Slack", "Slack Webhook", M, "hooks.slack.com", "hooks\\.slack\\.com/services/[A-Za-z0-9+/]{44,48}", 25)
	SHAPE("twilio-api-key", "Twilio", "Twilio API Key", M, "SK0 SK1 SK2 SK3 SK4 SK5 SK6 SK7 SK8 SK9 SKa SKb SKc SKd SKe SKf", "SK[0-9a-fA-F]{32}", 25)
	SHAPE("age-secret-key", "Age", "Age secret key", M, "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", 0)
	NAMED("facebook-token", "Facebook", "Facebook token", L, "facebook", "[a-f0-9]{32}", 22)
	NAMED("twitter-token", "Twitter", "Twitter token", L, "twitter", "[a-f0-9]{35,44}", 22)
	NAMED("adobe-client-id", "Adobe", "Adobe Client ID (Oauth Web)", L, "adobe", "[a-f0-9]{32}", 22)
	SHAPE("adobe-client-secret", "Adobe", "Adobe Client Secret", L, "p8e-", "p8e-(?i)[a-z0-9]{32}", 22)
	SHAPE("alibaba-access-key-id", "Alibaba", "Alibaba AccessKey ID", H, "LTAI", FREE "(LTAI(?i)[a-z0-9]{20})(?![0-9A-Za-z])", 22)
	NAMED("alibaba-secret-key", "Alibaba", "Alibaba Secret Key", H, "alibaba", "[a-z0-9]{30}", 22)
	NAMED("asana-client-id", "Asana", "Asana Client ID", M, "asana", "[0-9]{16}", 15)
	NAMED("asana-client-secret", "Asana", "Asana Client Secret", M, "asana", "[a-z0-9]{32}", 22)
	NAMED("atlassian-api-token", "Atlassian", "Atlassian API token", H, "atlassian", "[a-z0-9]{24}", 22)
	NAMED("bitbucket-client-id", "Bitbucket", "Bitbucket client ID", H, "bitbucket", "[a-z0-9]{32}", 22)
	NAMED("bitbucket-client-secret", "Bitbucket", "Bitbucket client secret", H, "bitbucket", "[a-z0-9_-]{64}", 22)
	NAMED("beamer-api-token", "Beamer", "Beamer API token", L, "beamer", "b_[a-z0-9=_-]{44}", 22)
	SHAPE("clojars-api-token", "Clojars", "Clojars API token", M, "CLOJARS_", "CLOJARS_(?i)[a-z0-9]{60}", 22)
	NAMED("contentful-delivery-api-token", "ContentfulDelivery", "Contentful delivery API token", L, "contentful", "[a-z0-9=_-]{43}", 25)
	SHAPE("databricks-api-token", "Databricks", "Databricks API token", M, "dapi", "dapi[a-h0-9]{32}", 22)
	NAMED("discord-api-token", "Discord", "Discord API key", M, "discord", "[a-h0-9]{64}", 22)
	NAMED("discord-client-id", "Discord", "Discord client ID", M, "discord", "[0-9]{18}", 15)
	NAMED("discord-client-secret", "Discord", "Discord client secret", M, "discord", "[a-z0-9=_-]{32}", 25)
	SHAPE("doppler-api-token", "Doppler", "Doppler API token", M, "dp.pt.", "dp\\.pt\\.(?i)[a-z0-9]{43}(?=[\"'])", 25)
	NAMED("dropbox-api-secret", "Dropbox", "Dropbox API secret/key", H, "dropbox", "[a-z0-9]{15}", 22)
	NAMED("dropbox-short-lived-api-token", "Dropbox", "Dropbox short lived API token", H, "dropbox", "sl\\.[a-z0-9=_-]{135}", 25)
	NAMED("dropbox-long-lived-api-token", "Dropbox", "Dropbox long lived API token", H, "dropbox", "[a-z0-9]{11}AAAAAAAAAA[a-z0-9_=-]{43}", 25)
	SHAPE("duffel-api-token", "Duffel", "Duffel API token", L, "duffel_test_ duffel_live_", "duffel_(?:test|live)_(?i)[a-z0-9_-]{43}(?=[\"'])", 25)
	SHAPE("dynatrace-api-token", "Dynatrace", "Dynatrace API token", M, "dt0c01.", "dt0c01\\.(?i)[a-z0-9]{24}\\.[a-z0-9]{64}(?=[\"'])", 25)
	SHAPE("easypost-api-token", "Easypost", "EasyPost API token", L, "EZAK EZTK", "EZ[AT]K(?i)[a-z0-9]{54}(?=[\"'])", 25)
	NAMED("fastly-api-token", "Fastly", "Fastly API token", M, "fastly", "[a-z0-9=_-]{32}", 25)
	NAMED("finicity-client-secret", "Finicity", "Finicity client secret", M, "finicity", "[a-z0-9]{20}", 22)
	NAMED("finicity-api-token", "Finicity", "Finicity API token", M, "finicity", "[a-f0-9]{32}", 22)
	SHAPE("flutterwave-public-key", "Flutterwave", "Flutterwave public/secret key", M, "FLWSECK_TEST- FLWPUBK_TEST-", FREE "(FLW(?:PUB|SEC)K_TEST-(?i)[a-h0-9]{32}-X)", 22)
	SHAPE("flutterwave-enc-key", "Flutterwave", "Flutterwave encrypted key", M, "FLWSECK_TEST", FREE "(FLWSECK_TEST[a-h0-9]{12})", 0)
	SHAPE("frameio-api-token", "Frameio", "Frame.io API token", L, "fio-u-", "fio-u-(?i)[a-z0-9_=-]{64}", 25)
	SHAPE("gocardless-api-token", "GoCardless", "GoCardless API token", M, "live_", "(?<=[\"'])live_(?i)[a-z0-9_=-]{40}(?=[\"'])", 25)
	SHAPE("grafana-api-token", "Grafana", "Grafana API token", M, "eyJrIjoi", "eyJrIjoi(?i)[a-z0-9_=-]{72,92}", 25)
	{ .id = "hashicorp-tf-api-token", .category = "HashiCorp", .title = "HashiCorp Terraform user/org API token", .severity = M,
	  .keywords = ".atlasv1.", .pattern = "(?i)[a-z0-9]{14}\\.atlasv1\\.[a-z0-9_=-]{60,70}(?=[\"']|\\s|$)", .lead = 14, .entropy = 25 },
	NAMED("hubspot-api-token", "HubSpot", "HubSpot API token", L, "hubspot", UUID("[a-h0-9]"), 20)
	NAMED("intercom-api-token", "Intercom", "Intercom API token", L, "intercom", "[a-z0-9=_]{60}", 25)
	NAMED("intercom-client-secret", "Intercom", "Intercom client secret/ID", L, "intercom", UUID("[a-h0-9]"), 20)
	NAMED("ionic-api-token", "Ionic", "Ionic API token", L, "ionic", "ion_[a-z0-9]{42}", 22)
	SHAPE("jwt-token", "JWT", "JWT token", M, "eyJ", "(?<![0-9A-Za-z_-])ey[0-9A-Za-z_-]{17,}+\\.ey[0-9A-Za-z/\\\\_-]{17,}+\\.[0-9A-Za-z/\\\\_-]{10,}+={0,2}", 30)
	SHAPE("linear-api-token", "Linear", "Linear API token", M, "lin_api_", "lin_api_(?i)[a-z0-9]{40}", 22)
	NAMED("linear-client-secret", "Linear", "Linear client secret/ID", M, "linear", "[a-f0-9]{32}", 22)
	NAMED("lob-api-key", "Lob", "Lob API Key", L, "lob", "(?:live|test)_[a-f0-9]{35}", 22)
	NAMED("lob-pub-api-key", "Lob", "Lob Publishable API Key", L, "lob", "(?:test|live)_pub_[a-f0-9]{31}", 22)
	NAMED("mailchimp-api-key", "Mailchimp", "Mailchimp API key", M, "mailchimp", "[a-f0-9]{32}-us[0-9]{1,2}", 22)
	NAMED("mailgun-token", "Mailgun", "Mailgun private API token", M, "mailgun", "(?:pub)?key-[a-f0-9]{32}", 22)
	NAMED("mailgun-signing-key", "Mailgun", "Mailgun webhook signing key", M, "mailgun", "[a-h0-9]{32}-[a-h0-9]{8}-[a-h0-9]{8}", 22)
	SHAPE("mapbox-api-token", "Mapbox", "Mapbox API token", M, "pk.ey", "(?i)pk\\.[a-z0-9]{60}\\.[a-z0-9]{22}", 30)
	NAMED("messagebird-api-token", "MessageBird", "MessageBird API token", M, "messagebird", "[a-z0-9]{25}", 22)
	NAMED("messagebird-client-id", "MessageBird", "MessageBird API client ID", M, "messagebird", UUID("[a-h0-9]"), 20)
	SHAPE("new-relic-user-api-key", "NewRelic", "New Relic user API Key", M, "NRAK-", "NRAK-[A-Z0-9]{27}(?=[\"'])", 22)
	NAMED("new-relic-user-api-id", "NewRelic", "New Relic user API ID", M, "newrelic", "[A-Z0-9]{64}", 22)
	SHAPE("new-relic-browser-api-token", "NewRelic", "New Relic ingest browser API token", M, "NRJS-", "NRJS-[a-f0-9]{19}(?=[\"'])", 20)
	SHAPE("npm-access-token", "Npm", "npm access token", C, "npm_", FREE "(npm_[0-9A-Za-z]{36})(?![0-9A-Za-z_])", 28)
	SHAPE("planetscale-password", "Planetscale", "PlanetScale password", M, "pscale_pw_", "pscale_pw_(?i)[a-z0-9_.-]{43}", 25)
	SHAPE("planetscale-api-token", "Planetscale", "PlanetScale API token", M, "pscale_tkn_", "pscale_tkn_(?i)[a-z0-9_.-]{43}", 25)
	SHAPE("private-packagist-token", "Private Packagist", "Private Packagist token", H, "packagist_uut_ packagist_ort_ packagist_out_", "packagist_(?:uut|ort|out)_(?i)[a-f0-9]{68}", 22)
	SHAPE("postman-api-token", "Postman", "Postman API token", M, "PMAK-", "PMAK-(?i)[a-f0-9]{24}-[a-f0-9]{34}", 22)
	SHAPE("pulumi-api-token", "Pulumi", "Pulumi API token", H, "pul-", "pul-[a-f0-9]{40}", 22)
	SHAPE("rubygems-api-token", "RubyGems", "Rubygem API token", M, "rubygems_", "rubygems_[a-f0-9]{48}", 22)
	SHAPE("sendgrid-api-token", "SendGrid", "SendGrid API token", M, "SG.", "SG\\.(?i)[a-z0-9_.-]{66}", 30)
	SHAPE("sendinblue-api-token", "Sendinblue", "Sendinblue API token", L, "xkeysib-", "xkeysib-[a-f0-9]{64}-(?i)[a-z0-9]{16}", 25)
	SHAPE("shippo-api-token", "Shippo", "Shippo API token", L, "shippo_live_ shippo_test_", "shippo_(?:live|test)_[a-f0-9]{40}", 22)
	NAMED("linkedin-client-secret", "LinkedIn", "LinkedIn Client secret", L, "linkedin", "[a-z]{16}", 25)
	NAMED("linkedin-client-id", "LinkedIn", "LinkedIn Client ID", L, "linkedin", "[a-z0-9]{14}", 22)
	NAMED("twitch-api-token", "Twitch", "Twitch API token", L, "twitch", "[a-z0-9]{30}", 22)
	SHAPE("typeform-api-token", "Typeform", "Typeform API token", L, "tfp_", FREE "(?i)tfp_[a-z0-9_.=-]{59}", 25)
	SHAPE("dockerconfig-secret", "Docker", "Dockerconfig secret exposed", H, "dockerconfigjson dockercfg",
	      "(?i)(?<=\\.)docker(?:configjson|cfg)\"?:[\\s|>-]{0,64}+[\"']?((?:ey|ew)[0-9A-Za-z/+=]{16,})", 0)

	/* Not among Trivy's. */
	SHAPE("anthropic-api-key", "Anthropic", "Anthropic API key", H, "sk-ant-", FREE "(sk-ant-[0-9A-Za-z_-]{80,120})", 30)
	SHAPE("azure-storage-key", "Azure", "Azure storage account key", C, "AccountKey=", "AccountKey=([0-9A-Za-z+/]{86}==)", 35)
	SHAPE("digitalocean-token", "DigitalOcean", "DigitalOcean token", H, "dop_v1_ doo_v1_ dor_v1_", FREE "(do[opr]_v1_[a-f0-9]{64})", 25)
	SHAPE("docker-hub-pat", "Docker", "Docker Hub access token", H, "dckr_pat_ dckr_oat_", FREE "(dckr_[po]at_[0-9A-Za-z_-]{27,40})", 28)
	SHAPE("gitlab-token", "GitLab", "GitLab token", H, "glrt- gldt- glptt- glcbt- glsoat- glft-", FREE "(gl(?:r|d|pt|cb|soa|f)t-[0-9A-Za-z_-]{20,64})", 28)
	SHAPE("google-api-key", "Google", "Google API key", M, "AIza", FREE "(AIza[0-9A-Za-z_-]{35})(?![0-9A-Za-z_-])", 30)
	SHAPE("google-oauth-client-secret", "Google", "Google OAuth client secret", H, "GOCSPX-", FREE "(GOCSPX-[0-9A-Za-z_-]{28})", 28)
	SHAPE("hashicorp-vault-token", "HashiCorp", "HashiCorp Vault token", H, "hvs. hvb.", FREE "(hv[sb]\\.[0-9A-Za-z_-]{24,200})", 30)
	SHAPE("openai-api-key", "OpenAI", "OpenAI API key", H, "sk-", FREE "(sk-(?:proj-|svcacct-|admin-)?[0-9A-Za-z_-]{20,120}T3BlbkFJ[0-9A-Za-z_-]{20,120})", 30)
	SHAPE("slack-app-token", "Slack", "Slack app-level token", H, "xapp-", FREE "(xapp-[0-9]-[0-9A-Z]{8,16}-[0-9]{8,16}-[0-9a-f]{40,80})", 25)
	{ .id = "telegram-bot-token", .category = "Telegram", .title = "Telegram bot token", .severity = H, .keywords = ":AA",
	  .pattern = "(?<=[0-9]{8}):(AA[0-9A-Za-z_-]{33})(?![0-9A-Za-z_-])", .entropy = 30 },
	{ .id = "url-password", .category = "Generic", .title = "Password in the URL of a database or a service", .severity = M,
	  .keywords = "://",
	  .pattern = "(?<=amqp|amqps|ftp|http|https|ldap|ldaps|mariadb|mongodb|mongodb\\+srv|mssql|mysql|oracle|postgres|postgresql|redis|rediss|sftp|smtp|smtps|sqlserver)"
		     "://[^\\s:/?#@\"'<>\\[\\]]{0,64}:([^\\s/?#@\"'<>]{3,128})@[0-9A-Za-z_.\\[-]",
	  .guessed = true },
	{ .id = "generic-secret", .category = "Generic", .title = "Secret assigned to a name", .severity = L,
	  .keywords = "passwd password secret api_key apikey api-key access_key auth_token access_token", .value = true, .guessed = true,
	  .pattern = "[!#-&(-~]{12,128}", .entropy = 36 },
	/* clang-format on */
};

const size_t secret_rule_count = sizeof(secret_rule_table) / sizeof(*secret_rule_table);
