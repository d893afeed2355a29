//! The environment of a function: the template's variables, and those that Lambda sets.

use shared::platform::settings::Variables;

use crate::system::Urls;
use crate::template::Function;

/// The variables of a function. Those that the template gives it can be overridden by this process's own.
pub(crate) fn environment(function: &Function, process: &Variables, urls: &Urls) -> Vec<(String, String)> {
    let own = function.environment.iter().map(|(name, value)| {
        let value = process.text(name).unwrap_or(value);
        (name.clone(), value.to_owned())
    });
    let lambdas = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &urls.dynamodb),
        ("AWS_ENDPOINT_URL_SQS", &urls.sqs),
        ("AWS_ENDPOINT_URL_KMS", &urls.kms),
    ];
    own.chain(lambdas.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}
