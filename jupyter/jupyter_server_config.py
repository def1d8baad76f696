"""What JupyterLab does in this project. Started by jupyter/start, which `make lab` runs; read by no other Jupyter."""
from pathlib import Path

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from mlops_nb.workbench.saving import clean_on_save, export_on_save, kernel_folder

project = Path(__file__).resolve().parents[1]


class ProjectFiles(AsyncLargeFileManager):
    "Saves a notebook of the project clean, and exports it if it is a library notebook."

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.register_pre_save_hook(clean_on_save)
        self.register_post_save_hook(export_on_save)


class ProjectKernels(AsyncMappingKernelManager):
    """Starts a notebook's kernel in the project; a stage's, in a scratch folder.

    The kernels that `make debug` leaves waiting are no children of the server: those it can only ask by message.
    """

    def cwd_for_path(self, path, env=None, **kwargs):
        if env is None:  # asked where the notebook lies, to name the session; the kernel starts later
            return super().cwd_for_path(path, **kwargs)
        return str(kernel_folder(project / env.get("JPY_SESSION_NAME", path), project))

    async def interrupt_kernel(self, kernel_id):
        if kernel_id not in self.kernel_id_to_connection_file:
            return await super().interrupt_kernel(kernel_id)
        await self.ask(kernel_id, "interrupt_request")

    async def shutdown_kernel(self, kernel_id, **kwargs):
        if kernel_id in self.kernel_id_to_connection_file:
            await self.ask(kernel_id, "interrupt_request")
            await self.ask(kernel_id, "shutdown_request")
            # or it would be listed until its end
            self.kernel_id_to_connection_file.pop(kernel_id).unlink(missing_ok=True)
        await super().shutdown_kernel(kernel_id, **kwargs)

    async def restart_kernel(self, kernel_id, **kwargs):
        if kernel_id in self.kernel_id_to_connection_file:
            raise RuntimeError("A restart would lose what the kernel holds: shut it down and run `make debug` again.")
        return await super().restart_kernel(kernel_id, **kwargs)

    async def ask(self, kernel_id, request):
        client = self.get_kernel(kernel_id).client()
        client.start_channels(shell=False, iopub=False, stdin=False, hb=False)
        client.control_channel.send(client.session.msg(request, {"restart": False}))
        await client.control_channel.get_msg(timeout=5)
        client.stop_channels()


c = get_config()  # noqa: F821, traitlets puts it here

c.ServerApp.contents_manager_class = ProjectFiles
c.ServerApp.kernel_manager_class = ProjectKernels
c.ServerApp.allow_external_kernels = True

# One machine's own use: loopback, and a token that Jupyter draws anew at every start. Root is what containers have.
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.allow_root = True

# The file browser can see all of the project, and starts among the notebooks.
c.ServerApp.root_dir = str(project)
c.LabApp.default_url = "/lab/tree/nbs"

# No news, no look-up of newer versions, no installing beside requirements.txt. The search for language servers would
# start npm, which writes a log to the user's home.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
c.LanguageServerManager.autodetect = False
