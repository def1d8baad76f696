"How Voilà serves the pages of this folder. `make dashboard` and the tests read this file; a user's own Voilà settings are not read."
c = get_config()  # noqa: F821, Voilà provides it

# This machine only, and only with the token that is made at every start and printed with the address.
c.Voila.ip = "127.0.0.1"
c.Voila.auto_token = True
c.Voila.open_browser = False  # Voilà would open the address without its token

# A page finds its records where the server was started: in the repository, or in one run's folder.
c.MappingKernelManager.root_dir = "."

# What a reader gets: the words, no code, no traceback, no other look, and no file beside the page.
c.VoilaConfiguration.strip_sources = True
c.VoilaConfiguration.show_tracebacks = False
c.VoilaConfiguration.allow_template_override = "NO"
c.VoilaConfiguration.allow_theme_override = "NO"
c.VoilaConfiguration.file_allowlist = []
c.VoilaConfiguration.resources = {"metadata": {"name": "Fraud detection at a glance"}}

# A kernel made before the visit would show yesterday's records.
c.VoilaConfiguration.preheat_kernel = False

# The page needs its kernel only while it is made: one that idles goes, whether or not its page is still open.
c.MappingKernelManager.cull_idle_timeout = 120
c.MappingKernelManager.cull_interval = 30
c.MappingKernelManager.cull_connected = True

# The browser may ask this server alone: Voilà's template asks a content network for icons that no page here uses.
c.Voila.tornado_settings = {"headers": {"Content-Security-Policy": (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws://127.0.0.1:*; base-uri 'self'; form-action 'self'; frame-ancestors 'self'")}}
