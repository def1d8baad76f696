"How Voilà serves this folder, for `make dashboard` and the tests; a user's own Voilà settings are not read."
from mlops_nb.pages.dashboard import in_language
from mlops_nb.pages.policies import served_policy

c = get_config()  # noqa: F821, Voilà provides it

# This machine only, and only with the token that is made at every start and printed with the address.
c.Voila.ip = "127.0.0.1"
c.Voila.auto_token = True
c.Voila.open_browser = False  # Voilà would open the address without its token
c.IdentityProvider.cookie_options = {"expires_days": 1, "samesite": "Lax"}
c.IdentityProvider.get_secure_cookie_kwargs = {"max_age_days": 1}

# A page finds its records where the server was started: in the repository, or in one run's folder.
c.MappingKernelManager.root_dir = "."

# What a reader gets: the words, no code, no traceback, no other look.
c.VoilaConfiguration.template = "plain"
c.VoilaConfiguration.allow_template_override = "NO"
c.VoilaConfiguration.allow_theme_override = "NO"
c.VoilaConfiguration.strip_sources = True
c.VoilaConfiguration.show_tracebacks = False
c.VoilaConfiguration.prelaunch_hook = in_language

# A kernel made before the visit would show yesterday's records.
c.VoilaConfiguration.preheat_kernel = False

# What a browser may do with a page: nbs/library/pages/83_policies.ipynb.
c.Voila.tornado_settings = {"headers": {"Content-Security-Policy": served_policy()}}
