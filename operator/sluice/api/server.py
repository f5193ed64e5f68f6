"""Health, readiness and metrics over HTTP, on every replica from its first second on."""

from collections.abc import Callable

from aiohttp import web


def application(
    metrics: Callable[[], bytes], obstacle_to_readiness: Callable[[], str]
) -> web.Application:
    """Return the application.

    metrics: the text format of Prometheus.
    obstacle_to_readiness: why this replica is not ready, empty when it is.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")  # the event loop turns, or there is no answer at all

    async def readyz(_: web.Request) -> web.Response:
        obstacle = obstacle_to_readiness()
        if obstacle:
            return web.Response(status=503, text=f"{obstacle}\n")
        return web.Response(text="ok\n")

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", show_metrics)
    return app


async def listen(app: web.Application, address: str) -> web.AppRunner:
    """Serve the application at `host:port` (host empty: all); the caller owes `cleanup`."""
    host, _, port = address.rpartition(":")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host or None, int(port)).start()
    return runner
