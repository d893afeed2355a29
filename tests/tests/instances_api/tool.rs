//! The command line tool for accounts, against a running system.

use accounts::Options;
use clap::Parser as _;
use http::Method;
use serde_json::json;
use shared::platform::random::OsRandom;
use shared::platform::settings::Variables;
use tests::bed::Bed;

async fn run(bed: &Bed, arguments: &[&str]) -> Result<String, String> {
    let local = format!("--local={}", bed.system().dynamodb_url());
    let arguments = ["accounts", &local].into_iter().chain(arguments.iter().copied());
    let options = Options::try_parse_from(arguments).map_err(|error| error.to_string())?;
    let outcome = accounts::run(options, Variables::default(), bed.clock(), &OsRandom).await;
    outcome.map_err(|failure| failure.to_string())
}

/// The `Authorization` part that a command shows.
fn part(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix("in the Authorization header: ")).unwrap().to_owned()
}

async fn status(bed: &Bed, authorization: &str) -> u16 {
    bed.call_as(authorization, Method::GET, "/instances", "").await.status.as_u16()
}

#[tokio::test]
async fn created_secrets_can_call_and_revoked_ones_cannot() {
    let bed = Bed::start().await;
    assert_eq!(run(&bed, &["list"]).await.unwrap(), "there are no organizations yet\n");
    let organization = part(&run(&bed, &["create-organization", "Wayne Enterprises"]).await.unwrap());
    let bruce = part(&run(&bed, &["create-user", "Bruce", "--organization", "1000"]).await.unwrap());
    let lucius = part(&run(&bed, &["create-user", "Lucius", "--organization", "1000"]).await.unwrap());
    let guest = ["create-user", "Guest", "--organization", "1000", "--own-account"];
    let guest = part(&run(&bed, &guest).await.unwrap());
    let as_user = |user: &str| format!("{user}, {organization}");

    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": {"username": "k"}});
    let made = bed.call_as(&as_user(&bruce), Method::POST, "/instances", body.to_string()).await;
    assert_eq!(made.status, 200, "{}", made.message());
    assert_eq!(status(&bed, &as_user(&lucius)).await, 200, "one account, the same instances");
    assert_eq!(status(&bed, &as_user(&guest)).await, 404, "an account of its own");

    let list = run(&bed, &["list"]).await.unwrap();
    let lines: Vec<_> = list.lines().map(|line| line.split("  secret").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "organization 1000  Wayne Enterprises",
            "  user 1001  Bruce  account 1000  user-1001@users.invalid",
            "  user 1002  Lucius  account 1000  user-1002@users.invalid",
            "  user 1003  Guest  account 1003  user-1003@users.invalid",
        ]
    );
    for secret in [&organization, &bruce] {
        assert!(!list.contains(secret.split(' ').nth(1).unwrap()));
    }

    bed.pass(1);
    let second = part(&run(&bed, &["rotate", "1001", "--overlap"]).await.unwrap());
    assert_eq!([status(&bed, &as_user(&bruce)).await, status(&bed, &as_user(&second)).await], [200, 200]);
    run(&bed, &["revoke", "1001", "--old"]).await.unwrap();
    assert_eq!([status(&bed, &as_user(&bruce)).await, status(&bed, &as_user(&second)).await], [401, 200]);
    bed.pass(1);
    let third = part(&run(&bed, &["rotate", "1001"]).await.unwrap());
    assert_eq!([status(&bed, &as_user(&second)).await, status(&bed, &as_user(&third)).await], [401, 200]);
    run(&bed, &["revoke", "1000"]).await.unwrap();
    assert_eq!(status(&bed, &as_user(&third)).await, 401, "without its organization nobody calls");
}

#[tokio::test]
async fn an_instance_shows_its_creator() {
    let bed = Bed::start().await;
    let organization = part(&run(&bed, &["create-organization", "Wayne Enterprises"]).await.unwrap());
    let email = ["--email", "bruce@wayne.example", "--first-name", "Bruce", "--last-name", "Wayne"];
    let known = [&["create-user", "Batman", "--organization", "1000"][..], &email].concat();
    let unknown = ["create-user", "Lucius Fox", "--organization", "1000"];
    let rows = [
        (
            &known[..],
            json!({"id": 1001, "emailAddress": "bruce@wayne.example", "firstName": "Bruce", "lastName": "Wayne"}),
        ),
        (
            &unknown[..],
            json!({"id": 1002, "emailAddress": "user-1002@users.invalid", "firstName": "Lucius", "lastName": "Fox"}),
        ),
    ];
    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": {"username": "k"}});
    for (arguments, user) in rows {
        let made = part(&run(&bed, arguments).await.unwrap());
        run(&bed, &["rotate", &user["id"].to_string(), "--overlap"]).await.unwrap();
        let authorization = format!("{made}, {organization}");
        let made = bed.call_as(&authorization, Method::POST, "/instances", body.to_string()).await;
        assert_eq!((made.status.as_u16(), &made.json()["user"]), (200, &user), "{}", made.message());
        let path = format!("/instances/{}", made.json()["id"]);
        assert_eq!(bed.call_as(&authorization, Method::GET, &path, "").await.json()["user"], user);
    }
    let list = run(&bed, &["list"]).await.unwrap();
    assert!(list.contains("user 1001  Batman  account 1000  bruce@wayne.example  secret since"), "{list}");
}

#[tokio::test]
async fn a_command_that_fails_says_why() {
    let bed = Bed::start().await;
    run(&bed, &["create-organization", "One"]).await.unwrap();
    run(&bed, &["create-organization", "Other"]).await.unwrap();
    let rows: [(&[&str], &str); 5] = [
        (&["create-user", "X", "--organization", "1"], "there is no organization with the number 1"),
        (
            &["create-user", "X", "--organization", "1000", "--account", "1001"],
            "there is no account of this organization with the number 1001",
        ),
        (&["rotate", "5"], "there is no organization or user with the number 5"),
        (&["revoke", "5"], "there is no organization or user with the number 5"),
        (&["--table", "none", "list"], "failed to list accounts: ResourceNotFoundException"),
    ];
    for (arguments, message) in rows {
        let failure = run(&bed, arguments).await.unwrap_err();
        assert!(failure.starts_with(message), "{arguments:?}: {failure}");
    }
    let help = run(&bed, &["--help"]).await.unwrap_err();
    assert!(help.contains("accounts --local list") && help.contains("shown once"), "{help}");
    let options = Options::try_parse_from(["accounts", "list"]).unwrap();
    let failure = accounts::run(options, Variables::default(), bed.clock(), &OsRandom).await.unwrap_err();
    assert_eq!(failure.to_string(), "which system? pass --stack NAME, --table NAME or --local");
}

#[tokio::test]
async fn the_header_of_begin_is_accepted() {
    let bed = Bed::start().await;
    let text = run(&bed, &["begin", "Wayne Enterprises", "Bruce"]).await.unwrap();
    let header = text.lines().find_map(|line| line.strip_prefix("Authorization: ")).unwrap();
    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": {"username": "k"}});
    let made = bed.call_as(header, Method::POST, "/instances", body.to_string()).await;
    assert_eq!(made.status, 200, "{}", made.message());
    assert!(run(&bed, &["list"]).await.unwrap().starts_with("organization 1000  Wayne Enterprises"));
}

#[test]
fn a_stack_is_one_place_and_not_two() {
    for other in ["--table=t", "--local"] {
        let refused = Options::try_parse_from(["accounts", "--stack", "s", other, "list"]);
        assert!(refused.is_err(), "{other}");
    }
}
