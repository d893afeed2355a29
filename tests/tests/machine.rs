//! Stories under this machine's own clock: programs, sockets, a browser. They mostly wait, and where they have a deadline, nothing
//! may take the cores from them.

mod aws_tls;
#[cfg(test)]
mod callback_client;
#[cfg(test)]
mod docs;
mod environment;
mod program;
mod restart;

// Tests are started in the order of their names. These take turns, and would keep the others from starting.
#[cfg(test)]
#[path = "."]
mod with_a_browser {
    mod console_browser;
}
