"""The only ways out of the process: names, HTTP, TCP and mail, all under one policy."""
