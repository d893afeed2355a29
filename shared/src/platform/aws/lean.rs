//! What the AWS clients leave out of each call.

use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, disable_interceptor, dyn_dispatch_hint};
use aws_smithy_types::config_bag::ConfigBag;

/// Switches off what describes a call to AWS's statistics and nobody else: the agent that is put together anew for each call
/// and the id of its invocation. Each is some microseconds and some allocations.
#[derive(Debug)]
pub(super) struct Lean;

#[dyn_dispatch_hint]
impl Intercept for Lean {
    fn name(&self) -> &'static str {
        "Lean"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        const REASON: &str = "nobody here reads it";
        let state = config.interceptor_state();
        state.store_put(disable_interceptor::<InvocationIdInterceptor>(REASON));
        state.store_put(disable_interceptor::<UserAgentInterceptor>(REASON));
        Ok(())
    }
}
