//! The redrive of dead letters.

use shared::platform::aws::Aws;

use super::Bed;

impl Bed {
    /// Moves the dead letters to the retry queue as the dispatcher's README says: by a message move task of SQS with this
    /// destination and rate.
    ///
    /// # Panics
    /// When SQS does not accept the task.
    #[expect(clippy::expect_used, reason = "a story that redrives cannot go on without it")]
    pub async fn redrive(&self) {
        let variables = self.system.environment().clone().into_iter().collect();
        let sqs = Aws::from_variables(&variables).expect("the functions have credentials").sqs();
        let arn = async |queue: &str| {
            let url = &self.system.environment()[queue];
            let name = aws_sdk_sqs::types::QueueAttributeName::QueueArn;
            let asked = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send();
            let attributes = asked.await.expect("the queue has attributes").attributes.unwrap_or_default();
            attributes[&name].clone()
        };
        let task = sqs
            .start_message_move_task()
            .source_arn(arn("DEAD_LETTER_QUEUE_URL").await)
            // Dead letters were sent to their queue, so SQS does not know where they come from.
            .destination_arn(arn("RETRY_QUEUE_URL").await)
            .max_number_of_messages_per_second(50)
            .send()
            .await;
        assert!(task.expect("the task is taken").task_handle.is_some());
    }
}
