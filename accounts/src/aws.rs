//! Access to a stack on AWS, with credentials and region as the AWS CLI finds them: environment, profiles, SSO, roles.

use aws_config::BehaviorVersion;
use aws_sdk_cloudformation::error::DisplayErrorContext;
use aws_sdk_cloudformation::types::{Output, Stack};
use aws_smithy_http_client::{Builder, tls};
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::Failure;

const OUTPUT: &str = "CredentialsTableName";

pub(crate) async fn config(profile: Option<&str>, region: Option<&str>) -> SdkConfig {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let http = Builder::new().tls_provider(tls).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// The table of credentials of a stack, by its outputs.
pub(crate) async fn table_of(stack: &str, config: &SdkConfig) -> Result<String, Failure> {
    let refused = |reason: String| Failure::Stack { stack: stack.to_owned(), reason };
    if config.region().is_none() {
        return Err(refused(
            "no region is set; pass --region, or set AWS_REGION or one in the profile".to_owned(),
        ));
    }
    let client = aws_sdk_cloudformation::Client::new(config);
    let answer = client.describe_stacks().stack_name(stack).send().await;
    let answer = answer.map_err(|error| refused(DisplayErrorContext(error).to_string()))?;
    let mut outputs = answer.stacks().iter().flat_map(Stack::outputs);
    let table = outputs.find(|output| output.output_key() == Some(OUTPUT));
    let table = table.and_then(Output::output_value).map(str::to_owned);
    table.ok_or_else(|| refused(format!("it has no output {OUTPUT}; was it deployed to the end?")))
}
