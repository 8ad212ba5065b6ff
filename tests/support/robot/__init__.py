"""A robot that presses everything on a page. It knows only the browser, so it can drive any version of the app."""
