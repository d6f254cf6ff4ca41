//! SIGINT and SIGTERM: the first lets a run end where nothing is lost, the second ends it at once.

use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::status;
use crate::run::Interrupt;

/// The signal that came; zero while there was none.
static CAME: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Listens from now on. Where signals cannot be listened to, they end the program as ever.
pub(super) fn listen() -> Interrupt {
    let once = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let number = usize::try_from(signal).unwrap_or(0);
        // In this order: the second one finds what the first has set. A run that is ended
        // at once is one that was killed: the next one finds everything sound.
        let _ = flag::register_conditional_shutdown(signal, i32::from(status::SIGNAL) + signal, Arc::clone(&once));
        let _ = flag::register(signal, Arc::clone(&once));
        let _ = flag::register_usize(signal, Arc::clone(&CAME), number);
    }
    Interrupt::by(&CAME)
}
