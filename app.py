"""Contact Sheet's front door: page settings and navigation, nothing else.

``streamlit run app.py`` imports this file once as an ASGI app, then runs it as a script for each
browser session.
"""

import streamlit as st

if __name__ == "__main__":
    from core.ui.components.style import set_style
    from core.ui.components.theme_switch.theme_switch import show_theme_switch
    from core.ui.server.access.sign_in import show_visitor
    from core.ui.server.resources import admitted

    st.set_page_config(page_title="Contact Sheet", page_icon="assets/icon.png", layout="wide")
    set_style()  # before the menu, which would stand unstyled while a page is imported
    hub = admitted()
    visitor = hub.visitor
    pages = [
        st.Page("pages/submit.py", title="Submit", icon=":material/send:", default=True),
        st.Page("pages/operations.py", title="Operations", icon=":material/pending_actions:"),
        st.Page("pages/explore.py", title="Explore", icon=":material/insights:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare:"),
        st.Page("pages/report.py", title="Report", icon=":material/description:"),
        st.Page(
            "pages/gallery.py",
            title="Gallery",
            icon=":material/interests:",
            visibility="visible" if hub.galleries is not None else "hidden",  # Google has its own
        ),
        st.Page("pages/picture.py", title="Picture", visibility="hidden"),
    ]
    if not visitor.read_only:  # it names the server's folders; the style sets it apart
        pages.append(st.Page("pages/health.py", title="Health", icon=":material/settings:"))
    st.logo("assets/icon.png", size="medium", link=None)
    page = st.navigation(pages, position="top")
    show_theme_switch([one.url_path for one in pages if one.url_path])
    show_visitor(visitor)
    page.run()
else:
    from streamlit.runtime.pages_manager import PagesManager

    from core import logs
    from core.ui.server import missing_page
    from core.ui.server.access.host_check import HOST_CHECK
    from core.ui.server.front_end import FRONT_END
    from core.ui.server.gate import GATE, base_path
    from core.ui.server.headers import MIDDLEWARE
    from core.ui.server.resources import lifespan, on_script_error
    from core.ui.server.return_to_page import WAY_BACK
    from core.ui.server.routes import gallery_routes, health_routes, upload_routes

    logs.set_up()
    # Otherwise the first visit after a start, if it is a deep link, runs its page past this file.
    PagesManager.uses_pages_directory = False
    app = st.App(
        __file__,
        lifespan=lifespan,
        routes=[
            *gallery_routes.routes(base_path()),
            *upload_routes.routes(base_path()),
            *health_routes.routes(base_path()),
            *missing_page.routes(base_path()),
        ],
        middleware=[*MIDDLEWARE, HOST_CHECK, GATE, FRONT_END, WAY_BACK],
        on_script_error=on_script_error,
    )
